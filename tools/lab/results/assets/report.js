/* Draw each chart into its place, and again when the scheme changes, as colours are read then. */
"use strict";
(() => {
  const charts = JSON.parse(document.getElementById("data").textContent);
  const HEIGHT = 240;
  const DASHES = [[], [], [6, 3], [2, 3], [10, 4], [4, 2, 1, 2], [1, 2]];
  const MINUS = "\u2212";
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  /* A canvas knows no light-dark(): ask what it comes to. */
  const probe = document.getElementById("probe");
  const color = (name) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const signed = (text) => text.replace("-", MINUS);
  const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
  const SHOWN = {
    usd: (value) => signed(whole.format(value)),
    percent: (value) => `${signed((100 * value).toFixed(1))} %`,
    number: (value) => signed(value.toFixed(2)),
  };
  const TICKS = {
    usd: (value) => (Math.abs(value) >= 1000 ? `${signed(String(Math.round(value / 100) / 10))}k` : signed(String(value))),
    percent: (value) => `${signed(String(Math.round(1000 * value) / 10))} %`,
    number: (value) => signed(String(value)),
  };

  const drawn = new Map();
  function draw() {
    for (const chart of charts) {
      drawn.get(chart.name)?.destroy();
      const place = document.getElementById(`chart-${chart.name}`);
      const plot = new uPlot(options(chart, place.clientWidth), [chart.seconds, ...chart.lines.map((line) => line.values)], place);
      drawn.set(chart.name, plot);
    }
  }

  function options(chart, width) {
    const axis = { stroke: color("--muted"), grid: { stroke: color("--line"), width: 1 }, ticks: { stroke: color("--line") } };
    return {
      width,
      height: HEIGHT,
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      cursor: { drag: { x: true, y: false }, sync: { key: "lab" } },
      axes: [
        { ...axis, values: dates, space: 60 },
        { ...axis, size: 62, values: (_, ticks) => ticks.map(TICKS[chart.kind]) },
      ],
      series: [
        { label: "Day", value: (_, seconds) => (seconds === null ? "–" : new Date(seconds * 1000).toISOString().slice(0, 10)) },
        ...chart.lines.map((line, at) => ({
          label: line.name,
          width: at === 0 ? 1.5 : 2,
          stroke: color(line.name === "buy-and-hold" ? "--line-hold" : `--line-${at === 0 ? 0 : 1 + ((at - 1) % 6)}`),
          dash: line.name === "buy-and-hold" ? [2, 4] : DASHES[at % DASHES.length],
          value: (_, value) => (value === null ? "–" : SHOWN[chart.kind](value)),
          points: { show: false },
        })),
      ],
    };
  }

  /* Label the day axis, with the year where it changes. */
  function dates(_, ticks) {
    return ticks.map((tick, at) => {
      const day = new Date(tick * 1000);
      const before = ticks[at - 1];
      const isNewYear = before === undefined || new Date(before * 1000).getUTCFullYear() !== day.getUTCFullYear();
      const named = day.toLocaleDateString("en-GB", { month: "short", day: "numeric", timeZone: "UTC" });
      return isNewYear ? `${named}\n${day.getUTCFullYear()}` : named;
    });
  }

  draw();
  dark.addEventListener("change", draw);
  new ResizeObserver(() => {
    for (const chart of charts) {
      const width = document.getElementById(`chart-${chart.name}`).clientWidth;
      drawn.get(chart.name).setSize({ width, height: HEIGHT });
    }
  }).observe(document.querySelector("main"));
})();
