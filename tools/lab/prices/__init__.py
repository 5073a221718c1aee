"""
Daily prices, read from whichever file people have: `read.read_prices`.

What is accepted
----------------
CSV and other delimited text, JSON (Alpaca's bars, rows, records), Parquet and Feather, each also gzipped or alone in a
zip, and a folder of them. The form is recognised by content, never by the file's name; columns go by name, never by
position. `read.Prices.detected` says in one line what was recognised: show it always.

What is refused, and what is a warning
--------------------------------------
Whatever would change what strategies see without anyone noticing is refused (`PriceFileError`), with file, line,
column and value where there is one. What is likely right, or what only the user can judge, is a warning
(`read.Prices.warnings`).

=============================== ============================================================= =================
fault                           test                                                          verdict
=============================== ============================================================= =================
empty                           no row of data                                                refused
encoding                        not UTF-8; the byte and the line are named                    refused
not a number, not a date        any cell                                                      refused
infinite                        any price or volume                                           refused
zero, negative                  a price <= 0, a volume < 0                                    refused
blank inside a symbol's life    between its first and last close; ``fill`` carries the last   refused
                                close over so many sessions at most, and they are counted
blank before or after           the symbol starts late, or ends early                         warning
the same day twice              the same figures                                              warning
the same day twice              other figures; both lines are named                           refused
unsorted                        a day before the one above; it is sorted                      warning
several rows a day              times differ: intraday bars                                   refused
ambiguous days                  ``01/02/2024``: both readings are shown                       refused
day that is not a session       the market's calendar does not have it                        refused
missing sessions                the calendar has them, no symbol does; at most 1 %            warning
missing sessions                more than 1 %                                                 refused
split jump                      a close overnight at 2, 3, 4, 5, 10, 20 or 3/2 times the last  warning
                                (or its inverse) within 2 %, while the others' median moved
                                less than 10 %
split jump                      … in a source that is known not to adjust                     refused
stale                           the same close 10 sessions running                            warning
one symbol                      strategies that compare symbols have nothing to compare       warning
too short                       fewer sessions than ``needs``                                 refused
survivors                       more than 3 years, and every symbol lives to the last day     warning
one page of several             Alpaca's ``next_page_token``                                  warning
=============================== ============================================================= =================

Volumes may be blank. Open, high and low may be missing as columns; where a column is there, it must be complete.
"""
