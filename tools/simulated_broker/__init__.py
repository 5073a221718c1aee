"""
A broker on this machine that speaks Alpaca's API over HTTP: orders, activities, prices, and faults by script.

Its books are exact and its ids are the same in every run; the program that runs it sets time and prices.
"""
