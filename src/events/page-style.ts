/** How the page looks: by light and by dark, on paper and on a telephone. */
export const PAGE_STYLE = `
:root { color-scheme: light dark; --paper: #fff; --ink: #1b1f24; --soft: #59636e; --line: #d8dee4; --track: #f1f3f5;
  --good: #1a7f37; --bad: #c0202c; --warn: #9a6700; --open: #6e7781; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #14171a; --ink: #e6e9ec; --soft: #9aa4ae; --line: #30363d; --track: #20252a;
    --good: #3fb950; --bad: #ff7b72; --warn: #d29922; --open: #8b949e; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 70rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
h1 { font-size: 1.2rem; margin: 0 0 1rem; overflow-wrap: anywhere; }
h2 { font-size: 1rem; margin: 0; overflow-wrap: anywhere; }
section { margin-bottom: 2rem; border: 1px solid var(--line); border-radius: .5rem; padding: 1rem; }
.facts, .none { color: var(--soft); margin: .1rem 0 .75rem; }
ol, ul { list-style: none; margin: 0; padding: 0; }
.call { border-top: 1px solid var(--line); padding: .5rem 0; }
.row { display: grid; grid-template-columns: minmax(12rem, 22rem) 6.5rem 1fr 6rem; gap: .75rem; align-items: center; }
.name { overflow-wrap: anywhere; }
.name span, .name i { color: var(--soft); font-size: .9em; }
.name span { display: block; }
.outcome { font-weight: 600; color: var(--tone); }
.track { position: relative; height: .9rem; background: var(--track); border-radius: .25rem; }
.bar { position: absolute; top: 0; bottom: 0; min-width: 3px; background: var(--tone); border-radius: .25rem; }
.took { text-align: right; font-variant-numeric: tabular-nums; color: var(--soft); }
.ok, .sent { --tone: var(--good); }
.error, .timeout { --tone: var(--bad); }
.busy, .abandoned { --tone: var(--warn); }
.open { --tone: var(--open); }
summary { cursor: pointer; color: var(--soft); font-size: .9em; }
summary .story { display: inline-block; vertical-align: top; }
summary li { overflow-wrap: anywhere; }
table { table-layout: fixed; border-collapse: collapse; width: 100%; margin: .5rem 0; font-size: .9em; }
td:nth-child(1), td:nth-child(3) { width: 6rem; }
td:nth-child(2) { width: 10rem; }
td { border-top: 1px solid var(--line); padding: .25rem .5rem; vertical-align: top; overflow-wrap: anywhere; }
.at { white-space: nowrap; font-variant-numeric: tabular-nums; color: var(--soft); }
pre { margin: .25rem 0 0; padding: .5rem; background: var(--track); border-radius: .25rem; max-height: 20rem; overflow: auto;
  white-space: pre-wrap; overflow-wrap: anywhere; }
@media (max-width: 45rem) {
  .row { grid-template-columns: 1fr auto; }
  .track { grid-column: 1 / -1; }
  .took { grid-column: 2; }
  summary .story { display: block; }
  table, tbody { display: block; }
  tr { display: grid; grid-template-columns: 5rem 1fr auto; border-top: 1px solid var(--line); }
  td, td:nth-child(n) { width: auto; border: 0; }
  td:nth-child(4) { grid-column: 1 / -1; }
  td:empty { display: none; }
}
`;
