// SPDX-License-Identifier: BSL-1.0
#pragma once
// The style sheet of the page that report_html.hpp makes.
//
// Threads        any.
//
//   page += loadgen::report_style;

#include <string_view>

namespace loadgen {

inline constexpr std::string_view report_style = R"CSS(
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --text: #1b1f24; --soft: #5b6572; --edge: #dfe3e8; --grid: #e6e9ed;
  --shade: #eef1f5; --a: #1f6feb; --b: #c2410c; --clean: #14713a; --leak: #b3261e; --unknown: #8a5a00;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #12151a; --card: #1a1f26; --text: #e8ebef; --soft: #9aa6b4; --edge: #2c333d; --grid: #28303a;
    --shade: #222932; --a: #6aa8ff; --b: #ff8f5a; --clean: #56c98a; --leak: #ff7a70; --unknown: #e5b454;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text);
       font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 24px 20px 48px; }
h1 { font-size: 22px; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 16px; margin: 32px 0 10px; }
h3 { font-size: 14px; margin: 12px 0 6px; }
p { margin: 4px 0; }
pre { margin: 0 0 14px; padding: 12px 14px; overflow-x: auto; font: 13px/1.45 ui-monospace, Menlo, Consolas, monospace; }
.soft { color: var(--soft); }
.card, figure { background: var(--card); border: 1px solid var(--edge); border-radius: 10px; }
.verdicts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); gap: 14px; margin: 18px 0 14px; }
.verdict { padding: 14px 16px; border-left: 6px solid var(--unknown); overflow-wrap: anywhere; }
.verdict:first-child { grid-column: 1 / -1; }
.verdict.clean { border-left-color: var(--clean); }
.verdict.leak { border-left-color: var(--leak); }
.verdict b { font-size: 18px; }
.clean b, .met { color: var(--clean); }
.leak b, .missed { color: var(--leak); }
.unknown b { color: var(--unknown); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 14px; }
.tile { padding: 12px 14px; }
.tile .name { color: var(--soft); font-size: 13px; }
.tile .value { font-size: 22px; font-weight: 600; font-variant-numeric: tabular-nums; white-space: nowrap; }
.tile .more { color: var(--soft); font-size: 13px; }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 345px), 1fr)); gap: 14px; }
.charts.wide { grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr)); }
figure { margin: 0; padding: 12px 14px 6px; break-inside: avoid; min-width: 0; }
figcaption { font-weight: 600; margin-bottom: 6px; display: flex; flex-wrap: wrap; gap: 2px 16px; }
figure svg { display: block; overflow: visible; }
figure > svg > svg { overflow: visible; }
.legend { font-weight: 400; display: flex; gap: 14px; font-size: 13px; }
.key::before { content: ""; display: inline-block; width: 18px; height: 0; margin-right: 6px; vertical-align: middle;
               border-top: 3px solid currentColor; }
.key.a { color: var(--a); } .key.b { color: var(--b); } .key.bad { color: var(--leak); } .key.muted { color: var(--soft); }
.key.muted::before { border-top-style: dashed; border-top-width: 2px; }
.grid { stroke: var(--grid); stroke-width: 1; vector-effect: non-scaling-stroke; }
.mark { stroke: var(--soft); stroke-width: 1; stroke-dasharray: 2 3; vector-effect: non-scaling-stroke; }
.shade { fill: var(--shade); }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; vector-effect: non-scaling-stroke; }
.line.a { stroke: var(--a); } .line.b { stroke: var(--b); stroke-width: 2.5; } .line.bad { stroke: var(--leak); }
.line.dashed { stroke-width: 2; stroke-dasharray: 7 4; }
.key.dashed::before { border-top-style: dashed; }
.key.warmup { color: var(--soft); } .key.warmup::before { height: 10px; border: 1px solid var(--edge); background: var(--shade); }
.line.muted { stroke: var(--soft); stroke-width: 1.5; stroke-dasharray: 5 4; }
.bar.a { fill: var(--a); } .bar.b { fill: var(--b); }
.point { fill: transparent; } .point:hover { fill: var(--text); fill-opacity: .07; }
.tick { font-size: 12px; fill: var(--soft); paint-order: stroke; stroke: var(--card); stroke-width: 3px; }
.tables { columns: 345px 3; column-gap: 14px; }
.tables .card { margin-bottom: 14px; }
.scroll { overflow-x: auto; padding: 6px 14px 10px; break-inside: avoid; }
table { border-collapse: collapse; width: 100%; font-size: 14px; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding: 6px 0; }
th, td { padding: 5px 0 5px 8px; text-align: right; border-top: 1px solid var(--edge); white-space: nowrap; }
th { color: var(--soft); font-weight: 500; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
details { margin-top: 32px; } summary { cursor: pointer; font-weight: 600; }
details .scroll { margin-top: 10px; }
footer { margin-top: 32px; color: var(--soft); font-size: 13px; }
@media (max-width: 520px) {
  main { padding: 14px 12px 32px; }
  .tiles { grid-template-columns: repeat(2, 1fr); gap: 10px; }
  .tile .value { font-size: 18px; }
}
@media print {
  :root { --page: #fff; --card: #fff; --text: #000; --soft: #444; --edge: #bbb; --grid: #ddd; --shade: #eee;
          --a: #0b4fb3; --b: #b23c00; --clean: #14713a; --leak: #b3261e; --unknown: #8a5a00; }
  body { font-size: 11px; } main { max-width: none; padding: 0; }
  .charts { grid-template-columns: 1fr 1fr; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
)CSS";

}  // namespace loadgen
