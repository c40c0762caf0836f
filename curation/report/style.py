"""The style sheet of the page: light and dark, screen and paper, 400 pixels and wide."""

from __future__ import annotations

STYLE = """
:root{color-scheme:light;--page:#f4f6f7;--card:#fff;--ink:#16232c;--soft:#53646f;--line:#dfe5e8;--track:#e9eef0;
--kept:#1f7a7a;--s0:#c98a1b;--s1:#b9553f;--s2:#6f63a8;--s3:#3f74ad;--s4:#8a7a5c;--warn:#fdf4e0;--warn-line:#d9a941;
--tint:31,122,122}
@media screen and (prefers-color-scheme:dark){:root{color-scheme:dark;--page:#10171b;--card:#182127;--ink:#e6edf0;
--soft:#9db0ba;--line:#2b3841;--track:#26323a;--kept:#46b3ac;--s0:#e0aa4a;--s1:#e07f68;--s2:#a297dd;--s3:#74aae0;
--s4:#b8a887;--warn:#2c2617;--warn-line:#a8843a;--tint:70,179,172}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,
"Helvetica Neue",Arial,sans-serif;font-variant-numeric:tabular-nums;overflow-wrap:break-word}
main,header,footer{max-width:1120px;margin:0 auto;padding:0 20px}
header{padding-top:44px}
header p{margin:.2em 0}
h1{font-size:30px;line-height:1.2;letter-spacing:-.01em;margin:0}
h2{font-size:20px;line-height:1.3;margin:0 0 2px}
h3{font-size:16px;margin:0 0 2px}
.kicker{color:var(--kept);font-weight:600;font-size:13px;letter-spacing:.06em;text-transform:uppercase}
.soft,.lead,figcaption,caption,footer{color:var(--soft)}
.lead{margin:0 0 18px;max-width:60em}
nav{display:flex;flex-wrap:wrap;gap:4px 18px;margin:18px 0 22px;font-size:14px}
a{color:var(--kept);text-decoration:none;border-bottom:1px solid transparent}
a:hover,a:focus-visible{border-color:currentColor}
.numbers{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin:0 0 16px}
.numbers div,section{background:var(--card);border:1px solid var(--line);border-radius:10px}
.numbers div{padding:14px 16px}
.numbers dt{color:var(--soft);font-size:13px}
.numbers dd{margin:0}
.numbers .big{font-size:27px;line-height:1.25;font-weight:650;letter-spacing:-.01em}
.numbers .small{font-size:13px;color:var(--soft)}
section{padding:22px 24px 20px;margin:0 0 16px}
.notices{background:var(--warn);border-color:var(--warn-line)}
.notices ul{margin:6px 0 0;padding-left:1.2em}
.notices li{margin:3px 0}
.pair{display:grid;gap:20px 36px;grid-template-columns:minmax(0,1fr)}
.part{border-top:1px solid var(--line);margin-top:18px;padding-top:16px}
figure{margin:0 0 10px}
figcaption{font-size:13px;margin-bottom:6px}
svg{display:block;overflow:visible}
svg text{font-size:13px;fill:var(--ink)}
svg .v{text-anchor:end;fill:var(--soft)}
.track{fill:var(--track)}.kept{fill:var(--kept)}.s0{fill:var(--s0)}.s1{fill:var(--s1)}.s2{fill:var(--s2)}
.s3{fill:var(--s3)}.s4{fill:var(--s4)}
.curve{fill:none;stroke:var(--kept);stroke-width:2;stroke-linejoin:round;vector-effect:non-scaling-stroke}
.under{fill:var(--kept);opacity:.12}
.rail{stroke:var(--track);stroke-width:2}.axis{stroke:var(--soft);stroke-width:1;stroke-dasharray:2 4;opacity:.6}
.move{stroke-width:3}.move.kept,.begin.kept{stroke:var(--kept)}.move.s0,.begin.s0{stroke:var(--s0)}
.begin.kept,.begin.s0{fill:var(--card);stroke-width:2}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:2px 16px;margin:0 0 10px;padding:0;
font-size:13px;color:var(--soft)}
.legend svg{display:inline-block;vertical-align:-1px;margin-right:6px}
.scroll{overflow-x:auto;margin:0 0 10px}
.scroll:focus-visible{outline:2px solid var(--kept);outline-offset:3px;border-radius:4px}
table{border-collapse:collapse;width:100%;font-size:13.5px}
caption{text-align:left;font-size:13px;padding-bottom:4px}
th,td{text-align:left;vertical-align:top;padding:6px 14px 6px 0;border-bottom:1px solid var(--line);white-space:nowrap}
th:last-child,td:last-child{padding-right:0}
thead th{color:var(--soft);font-weight:500;font-size:12.5px}
tbody th{font-weight:500;position:sticky;left:0;background:var(--card)}
tfoot th,tfoot td{font-weight:650;border-bottom:0}
.n{text-align:right}
.w{white-space:normal;min-width:15em}
.shade{display:block;margin:-3px -6px;padding:3px 6px;border-radius:4px;background:rgba(var(--tint),calc(var(--v)*.42))}
code{font:12.5px/1.4 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
footer{font-size:13px;padding-top:6px;padding-bottom:48px}
@media (min-width:900px){.half{width:calc(50% - 18px)}.pair{grid-template-columns:minmax(0,1fr) minmax(0,1fr)}}
@media (max-width:560px){header{padding-top:24px}main,header,footer{padding-left:12px;padding-right:12px}
h1{font-size:24px}section{padding:18px 14px 14px}.numbers{grid-template-columns:1fr 1fr;gap:8px}
.numbers div{padding:10px 12px}.numbers .big{font-size:21px}.w{min-width:22em}caption{max-width:calc(100vw - 56px)}
th,td{padding-right:9px}th{white-space:normal}tbody th{min-width:7em}}
@media print{@page{margin:14mm}:root{--page:#fff}body{font-size:10.5pt;print-color-adjust:exact;
-webkit-print-color-adjust:exact}main,header,footer{max-width:none;padding:0}header{padding-top:0}nav{display:none}
section{border:0;border-top:1px solid var(--line);border-radius:0;padding:12px 0}.notices{padding:12px}
.scroll{overflow:visible}table{font-size:8.5pt}th,td{padding:3px 8px 3px 0;white-space:normal}
figure,tr,.numbers,.lead{break-inside:avoid}
h2,h3,.lead,figcaption,caption{break-after:avoid}.w{min-width:0}tbody th{position:static}
.numbers{grid-template-columns:repeat(6,1fr);gap:6px}.numbers div{padding:8px 10px}.numbers .big{font-size:15pt}
.pair{grid-template-columns:minmax(0,1fr) minmax(0,1fr);gap:10px 24px}section>h2,section>.lead{break-after:avoid-page}}
"""
"""Colours are variables; nothing is loaded from anywhere."""
