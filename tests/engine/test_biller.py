from datetime import date as d
from decimal import Decimal as D
from fractions import Fraction as F

import pytest
from billing_engine.cycles import Terms
from books import ANNUAL, MONTHLY, QUARTERLY, Books


def amounts(i): return [str(l.amount) for l in i.lines]

@pytest.mark.parametrize("unit,first", [("days","304.00"),("months","305.81")])
def test_q(unit, first):
    b=Books(Terms(d(2018,1,1),QUARTERLY,d(2018,12,31)),unit)
    b.subscribe(10,12,d(2018,1,15))
    print([amounts(i) for i in b.bill_due()])
    b.subscribe
    assert 0
def test_late():
    b=Books(Terms(d(2018,1,1),MONTHLY,d(2018,12,31)))
    b.subscribe(5,30)
    b.bill_due(d(2018,6,2)); b.change(d(2018,4,16),1); 
    for i in b.bill_due(d(2018,7,2)): print(i)
    assert 0
