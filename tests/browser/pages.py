"""What tests of pages measure: what keys reach, and what is off the screen."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

WIDTHS = (390, 768, 1280, 1440)
_CONTROLS = """
() => {
  const wanted = 'a[href], button:not([disabled]), input:not([disabled]), select, textarea, summary, [tabindex="0"]';
  const isShown = (one) => one.checkVisibility() && one.getClientRects().length > 0;
  window.reached = new Map([...document.querySelectorAll(wanted)].filter(isShown).map((one) => [one, null]));
  document.addEventListener('focusin', ({ target }) => {
    const { outlineStyle, outlineWidth } = getComputedStyle(target);
    window.reached.set(target, outlineStyle !== 'none' && parseFloat(outlineWidth) >= 1);
  });
  document.activeElement?.blur();
  window.scrollTo(0, 0);
  return [...window.reached.keys()].length + 12 * document.querySelectorAll('[type=datetime-local]').length;
}
"""
_LEFT = """
() => [...window.reached].filter(([one, isSeen]) => isSeen !== true && one.tagName !== 'MAIN' && one.tagName !== 'BODY')
  .map(([one, isSeen]) => `${isSeen === null ? 'not reached' : 'focus not seen'}: ${one.outerHTML.slice(0, 120)}`)
"""
_OUTSIDE = """
() => [...document.querySelectorAll('table.t td, table.t th, main button, main input, main select, main a')]
  .filter((one) => one.checkVisibility() && !one.closest('.scroll, thead'))
  .filter((one) => one.getBoundingClientRect().right > window.innerWidth + 0.5)
  .map((one) => one.outerHTML.slice(0, 120))
"""


def left_out_by_keys(page: Page) -> list[str]:
    """Press Tab through a whole page, and return the controls that were not reached, or that do not show it."""
    for _ in range(page.evaluate(_CONTROLS) + 5):  # a time field takes several
        page.keyboard.press("Tab")
    found: list[str] = page.evaluate(_LEFT)
    return found


def outside(page: Page) -> list[Any]:
    """Return cells and controls that reach beyond the screen, and the page itself if it is too wide."""
    found: list[Any] = page.evaluate(_OUTSIDE)
    width, room = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    return found if width <= room else [*found, f"the page is {width} wide"]
