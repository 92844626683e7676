"""Files, read by Odoo's own import as its window does it."""

import csv
import io

from .common import BillingCommon


class ImportCommon(BillingCommon):
    # What the window of Odoo's import sends along.
    OPTIONS = {
        "has_headers": True, "advanced": True, "keep_matches": False, "limit": 2000, "skip": 0, "quoting": '"',
        "separator": ",", "encoding": "utf-8", "date_format": "%Y-%m-%d", "datetime_format": "",
        "float_thousand_separator": ",", "float_decimal_separator": ".", "fallback_values": {},
        "name_create_enabled_fields": {}, "import_set_empty_fields": [], "import_skip_records": [],
        "tracking_disable": True, "sheet": "", "sheets": []}

    def import_rows(self, columns, rows, test=False, **kwargs):
        """Import ``rows`` (lists of cells) as a CSV file; see ``import_file``."""
        text = io.StringIO()
        csv.writer(text).writerows([columns, *rows])
        return self.import_file(text.getvalue().encode(), "text/csv", test, **kwargs)

    def import_file(self, content, file_type, test=False, model="billing.contract", tracking=False, env=None):
        """Import a file through ``base_import.import``: the columns as it matches them itself, then all lines.

        :param test: only try, as the button *Test* does
        :return: what ``execute_import`` returns: the ids, or messages that name the rows
        """
        self.env.flush_all()  # a file that is refused, or only tried, is rolled back
        wizard = (env or self.env)["base_import.import"].create(
            {"res_model": model, "file": content, "file_name": "contracts", "file_type": file_type})
        preview = wizard.parse_preview(dict(self.OPTIONS))
        self.assertNotIn("error", preview)
        fields = ["/".join(preview["matches"].get(index, [])) for index in range(len(preview["headers"]))]
        self.assertTrue(all(fields), f"not matched: {preview['headers']} as {fields}")
        # The window takes the options over that the preview has found out, such as the format of dates.
        options = {**self.OPTIONS, **preview["options"]}
        return wizard.with_context(tracking_disable=not tracking).execute_import(
            fields, preview["headers"], options, dryrun=test)
