/** How the page looks: in the light and in the dark, on a wide screen and on a telephone. */
export const STYLE = `
:root { color-scheme: light dark; --page: #fff; --text: #1b1f24; --dim: #57606a; --line: #d8dee4; --track: #f3f5f7;
  --stage: #8592a3; --done: #1f6feb; --worker: #9cc3f5; --failed: #cf222e; --unfinished: #bf6a02; --timed-out: #a40e26;
  --lost: #8250df; }
@media (prefers-color-scheme: dark) { :root { --page: #0d1117; --text: #e6edf3; --dim: #9198a1; --line: #30363d;
  --track: #161b22; --stage: #6b7786; --done: #58a6ff; --worker: #274f7d; --failed: #ff7b72; --unfinished: #e3a04b;
  --timed-out: #ff938a; --lost: #bc8cff; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1400px; padding: 16px 24px 48px; background: var(--page); color: var(--text);
  font: 14px/1.45 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 22px; margin: 0 0 4px; }
h2 { font-size: 16px; margin: 24px 0 8px; }
p, ol { margin: 0 0 8px; }
.dim { color: var(--dim); }
ol { padding-left: 24px; }
ol b { font-variant-numeric: tabular-nums; }
.row { display: grid; grid-template-columns: minmax(0, 2fr) 90px minmax(0, 5fr); gap: 12px; align-items: center;
  min-height: 24px; }
.name { white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.name.whole { white-space: normal; }
.took { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.track { position: relative; height: 16px; background: linear-gradient(to right, var(--line) 1px, transparent 1px)
  var(--first) 0 / var(--step) 100% repeat-x var(--track); }
.axis { position: sticky; top: 0; z-index: 1; background: var(--page); border-bottom: 1px solid var(--line); }
.axis .track { background: none; }
.tick { position: absolute; bottom: 0; font-size: 11px; color: var(--dim); white-space: nowrap; padding-left: 2px;
  border-left: 1px solid var(--line); }
.bar { position: absolute; top: 2px; bottom: 2px; min-width: 2px; background: var(--done); border-radius: 1px; }
.bar.stage { background: var(--stage); top: 5px; bottom: 5px; }
.bar.worker { background: var(--worker); }
.bar.failed { background: var(--failed); }
.bar.unfinished { background: repeating-linear-gradient(135deg, var(--unfinished) 0 4px, transparent 4px 7px); }
.bar.timed-out { background: repeating-linear-gradient(45deg, var(--timed-out) 0 4px, transparent 4px 7px); }
.bar.lost { background: repeating-linear-gradient(90deg, var(--lost) 0 4px, transparent 4px 7px); }
.mark { position: absolute; top: 0; bottom: 0; width: 0; border-left: 2px solid var(--text); }
.mark.deadline, .mark.terminated { border-color: var(--timed-out); border-left-style: dashed; }
.outcome { color: var(--failed); }
.outcome.unfinished { color: var(--unfinished); }
.outcome.lost { color: var(--lost); }
details { border-bottom: 1px solid var(--line); }
.long details { content-visibility: auto; contain-intrinsic-size: auto 25px; }
.long details[open] { contain-intrinsic-size: auto 200px; }
summary { cursor: pointer; list-style: none; }
summary .name::before { content: '\\25b8\\00a0'; color: var(--dim); }
details[open] > summary .name::before { content: '\\25be\\00a0'; }
summary .name { font-weight: 600; }
summary:focus-visible { outline: 2px solid var(--done); }
.table .name { padding-left: 16px; }
.table .row { position: relative; }
.long .table .row { content-visibility: auto; contain-intrinsic-size: auto 24px; }
.head { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
@media (max-width: 700px) {
  body { padding: 12px 12px 32px; }
  .row { grid-template-columns: minmax(0, 1fr) auto; gap: 0 8px; padding: 2px 0; }
  .track { grid-column: 1 / -1; }
  .axis .name, .axis .took { display: none; }
}
`;
