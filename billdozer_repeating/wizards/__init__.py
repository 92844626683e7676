from . import billing_collection_export
