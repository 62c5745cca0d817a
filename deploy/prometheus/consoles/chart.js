// SPDX-License-Identifier: BSL-1.0
// Shared by the pages with charts: colors, formatting of numbers, and the scale of an axis. The console of Prometheus loads
// this file, and the live page of the inspector contains it. Prometheus reads it as an HTML template. So it must not contain
// a less-than sign, which would be escaped, or two opening braces in a row.
"use strict";

const byId = (id) => document.getElementById(id);

function element(name, attributes = {}, ...children) {
  const isDrawing = ["svg", "path", "line", "text", "circle"].includes(name);
  const made = isDrawing ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

document.head.append(element("style", {}, `
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #fff; --text: #1b1f24; --quiet: #5d6773; --line: #dfe3e8;
  --accent: #1a5fd0; --on-accent: #fff; --good: #1a7f37; --bad: #cf222e; --warn: #fff3cd; --warn-text: #6a4b00;
  --c0: #1f6feb; --c1: #cf6a00; --c2: #8250df; --c3: #1a7f37; --c4: #cf222e; --c5: #0b8a97; --c6: #a5558a; --c7: #7a7000;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0f1216; --card: #171b21; --text: #e4e8ed; --quiet: #929dab; --line: #2b323b;
    --accent: #58a6ff; --on-accent: #0f1216; --good: #3fb950; --bad: #ff7b72; --warn: #3a2e0a; --warn-text: #f2cc60;
    --c0: #58a6ff; --c1: #f0953f; --c2: #bc8cff; --c3: #3fb950; --c4: #ff7b72; --c5: #39c5cf; --c6: #e085c2; --c7: #cbbf3d;
  }
}
* { box-sizing: border-box; }
body { margin: 0; font: 15px/1.5 system-ui, sans-serif; color: var(--text); background: var(--page); }
h1 { font-size: 20px; margin: 0; }
h2 { font-size: 15px; font-weight: 600; margin: 0; }
a { color: var(--accent); }
.quiet { color: var(--quiet); font-weight: 400; }
.push { margin-left: auto; }
button, input, select { font: inherit; color: inherit; border: 1px solid var(--line); background: var(--card); border-radius: 6px; padding: 4px 10px; }
:is(a, button, input, select, summary):focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 11px 15px; min-width: 0; }
svg { display: block; width: 100%; overflow: visible; touch-action: pan-y; }
svg text { font-size: 11px; fill: var(--quiet); font-variant-numeric: tabular-nums; }
.grid { stroke: var(--line); }
.cursor { stroke: var(--quiet); stroke-dasharray: 2 3; }
.curve { fill: none; stroke-width: 1.75; stroke-linejoin: round; }
.area { stroke: none; fill-opacity: .2; }
@media (forced-colors: active) { .curve { stroke: CanvasText; } .area, svg text { fill: CanvasText; } }
`));

// --- numbers ---

function short(value, units, base) {
  let i = 0;
  while (Math.abs(value) >= base && units.length > i + 1) { value /= base; i++; }
  const digits = 5e-4 > Math.abs(value) || Math.abs(value) >= 100 || Number.isInteger(value) ? 0
    : Math.abs(value) >= 10 ? 1 : Math.abs(value) >= 0.1 ? 2 : 3;
  return value.toFixed(digits) + units[i];
}
// By unit.
const format = {
  number: (v) => short(v, ["", "k", "M", "G"], 1000),
  bytes: (v) => short(v, [" B", " KiB", " MiB", " GiB", " TiB"], 1024),
  rate: (v) => short(v, ["/s", "k/s", "M/s"], 1000),
  share: (v) => short(v * 100, [" %"], Infinity),
  seconds: (v) => v === 0 ? "0 s" : 1e-3 > v ? short(v * 1e6, [" µs"], Infinity) : 1 > v ? short(v * 1e3, [" ms"], Infinity)
    : 600 > v ? short(v, [" s"], Infinity) : 7200 > v ? short(v / 60, [" min"], Infinity)
    : 172800 > v ? short(v / 3600, [" h"], Infinity) : short(v / 86400, [" d"], Infinity),
};

// --- drawing ---

// The lines of an axis from 0 to the first one at or above `top`: multiples of 1, 2, 2.5 or 5 times a power of ten; for bytes,
// also times a power of 1024.
function scale(top, unit) {
  if (!(top > 0)) top = unit === "bytes" ? 1024 : unit === "share" ? 0.01 : 1;
  const power = unit === "bytes" ? 1024 ** Math.floor(Math.log(top) / Math.log(1024)) : 1;
  const ten = 10 ** Math.floor(Math.log10(top / power / 3)) * power;
  const step = [1, 2, 2.5, 5, 10].map((each) => each * ten).find((each) => 4 >= top / each);
  const lines = [];
  for (let i = 0; top + step * 0.999 > i * step; i++) lines.push(i * step);
  return {lines, top: lines.at(-1)};
}

const label = (text, x, y, anchor) => element("text", {x, y, "text-anchor": anchor}, text);

// The lines of a scale, each with its number on the left.
const grid = (lines, unit, left, right, y) => lines.flatMap((line) => [
  element("line", {class: "grid", x1: left, x2: right, y1: y(line), y2: y(line)}),
  label(format[unit](line), left - 8, y(line) + 4, "end")]);
