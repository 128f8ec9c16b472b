//! What random templates are made of: functions with the kinds of their arguments and results, and operands of each kind.

/// t text, n number, i int, l list, s list of texts, m map, b truth, a anything; S a list in no order, T a time, v a version;
/// only of arguments: d duration, z time zone, L layout, R replacement, C constraint, e version's text, Y odd text, J JSON,
/// O TOML, U address, M what `tpl` takes as dot.
pub(super) const FUNCTIONS: &str = "
    len a:i; len S:i; sortAlpha S:s; not a:b; toJson a:t; toYaml a:t; toYamlPretty a:t; quote a:t; squote a:t; toString a:t; kindOf a:t; typeOf a:t; empty a:b
    print a:t; println a:t; html a:t; js a:t; urlquery a:t; toRawJson a:t; toPrettyJson a:t; deepCopy a:a; toStrings a:s; mustToJson a:t; mustToYaml a:t
    mustToPrettyJson a:t; toToml m:t; int a:i; int64 a:n; float64 a:n; list a:l; tuple a:l; coalesce aa:a; default aa:a; required ta:a; ternary aab:a
    and aa:a; or aa:a; and bba:a; or aaa:a; eq ii:b; eq tt:b; eq aa:b; eq ttt:b; ne tt:b; ne ii:b; lt ii:b; le tt:b; gt ii:b; ge tt:b; deepEqual aa:b
    any aa:b; all aa:b; kindIs ta:b; typeIs ta:b; typeIsLike ta:b; cat aa:t; cat taa:t; print aa:t; print aan:t; index lI:a; index mt:a; index mtt:a
    dict ta:m; dict tata:m; list aa:l; list aaa:l
    upper t:t; lower t:t; title t:t; untitle t:t; trim t:t; nospace t:t; swapcase t:t; snakecase t:t; camelcase t:t; kebabcase t:t; initials t:t
    b64enc t:t; b64dec t:t; b32enc t:t; b32dec t:t; sha256sum t:t; sha1sum t:t; sha512sum t:t; adler32sum t:t; atoi t:i; toDecimal a:n; bool t:b
    dir t:t; base t:t; ext t:t; clean t:t; isAbs t:b; osBase t:t; osExt t:t; osDir t:t; osClean t:t; fromYaml t:m; fromJson t:m; fromYamlArray t:l; fromJsonArray t:l; fromToml t:m
    semver t:v; toString v:t; quote v:t; deepCopy v:v; semverCompare tt:b; urlParse t:m; urlJoin m:t; duration n:t; durationRound a:t; date tT:t; toDate tt:T; regexQuoteMeta t:t
    indent It:t; nindent It:t; repeat It:t; trunc It:t; abbrev It:t; abbrevboth IIt:t; substr IIt:t; wrap It:t; wrapWith Itt:t; plural tti:t
    splitList tt:s; split tt:m; splitn tIt:m; join tl:t; join ts:t; replace ttt:t; trimAll tt:t; trimPrefix tt:t; trimSuffix tt:t; contains tt:b; hasPrefix tt:b; hasSuffix tt:b
    regexMatch rt:b; mustRegexMatch rt:b; regexFind rt:t; regexFindAll rtI:s; regexReplaceAll rtt:t; regexReplaceAllLiteral rtt:t; regexSplit rtI:s
    floor n:n; ceil n:n; round nI:n; add1 n:n; add1f n:n; add nn:n; add nnn:n; sub nn:n; mul nn:n; div nn:n; mod nn:n; max nn:n; min nn:n; addf nn:n; subf nn:n; mulf nn:n; divf nn:n; maxf nn:n; minf nn:n
    until I:l; untilStep III:l; seq II:t; seq III:t
    first l:a; last l:a; rest l:l; initial l:l; reverse l:l; uniq l:l; compact l:l; sortAlpha l:s; sortAlpha s:s; mustFirst l:a; mustLast l:a; mustRest l:l; mustInitial l:l; mustReverse l:l; mustUniq l:l; mustCompact l:l
    append la:l; prepend la:l; mustAppend la:l; mustPrepend la:l; has al:b; mustHas al:b; without la:l; without laa:l; concat ll:l; concat lls:l; slice lI:l; chunk Il:l; slice lII:l; mustSlice lII:l; slice sII:l; mustSlice lI:l; first s:t; last s:t
    keys m:S; values m:S; hasKey mt:b; get mt:a; pick mt:m; pick mtt:m; omit mt:m; pluck tm:l; pluck tmm:l; unset mt:m; set mta:m; merge mm:m; merge mmm:m; mergeOverwrite mm:m; mustMerge mm:m; mustMergeOverwrite mm:m; dig tam:a; dig ttam:a
    date ti:t; date tT:t; date LT:t; dateInZone LTz:t; dateInZone Liz:t; htmlDate T:t; htmlDate i:t; htmlDateInZone Tz:t; date_in_zone LTz:t; dateModify dT:T; mustDateModify dT:T; date_modify dT:T; unixEpoch T:t
    mustToDate tt:T; toDate Lt:T; mustToDate Lt:T; durationRound d:t; durationRound i:t; durationSeconds d:n; durationMinutes d:n; durationHours d:n; durationDays d:n; durationWeeks d:n; durationMilliseconds d:n; durationMicroseconds d:n; durationNanoseconds d:n
    durationRoundTo dd:t; durationTruncateTo dd:t; mustToDuration d:t; biggest nn:n; trimall tt:t; push la:l; mustPush la:l; mustChunk Il:l; mustWithout la:l; mustDeepCopy a:a; osIsAbs t:b
    mustRegexFind rt:t; mustRegexFindAll rtI:s; mustRegexReplaceAll rtt:t; mustRegexReplaceAllLiteral rtt:t; mustRegexSplit rtI:s; mustToToml m:t; mustFromJson t:m; mustToRawJson a:t; hello :t; getHostByName t:t
    regexReplaceAll rtR:t; regexReplaceAllLiteral rtR:t; semverCompare Ce:b; semver e:v; lt nn:b; ge nn:b; eq nn:b; ne aa:b; eq na:b; ge aa:b; lt ta:b; gt aa:b; toYaml Y:t; toYaml l:t; toYaml m:t; toYamlPretty m:t; toYamlPretty l:t; toJson m:t; toToml m:t
    quote aa:t; squote aa:t; quote Y:t; toYaml s:t; fromYaml Y:m; fromYamlArray Y:l; fromYaml t:m; fromJson J:m; fromJsonArray J:l; fromToml O:m; substr iit:t; trunc it:t; add aaa:n; mul nnn:n; div aa:n; mod aa:n; round aI:n; int a:i; int64 a:n; float64 a:n; toDecimal t:n; atoi t:i
    indent Im:t; nindent It:t; b64dec Y:t; splitList rt:s; nospace Y:t; trimSuffix rt:t; snakecase Y:t; camelcase Y:t; kebabcase Y:t; title Y:t; untitle Y:t; swapcase Y:t; initials Y:t; wrap IY:t; wrapWith ItY:t; abbrev IY:t; substr IIY:t; replace ttY:t; cat aaaa:t
    html Y:t; js Y:t; urlquery Y:t; urlParse U:m; urlJoin m:t; print Y:t; toString Y:t; upper Y:t; dig ttta:a; dig tttam:a; concat lll:l; merge mmmm:m; mergeOverwrite mmm:m; pluck tmmm:l; pick mttt:m; omit mtt:m; without laaa:l; has al:b; index mttt:a; index lII:a
    len t:i; len l:i; len m:i; not b:b; kindOf Y:t; ternary aaa:a; coalesce aaa:a; default at:a; default am:a; default al:a; empty l:b; empty m:b; empty t:b; empty n:b; list aaaa:l; dict taat:m; dict tat:m; set mtm:m; set mtl:m; sortAlpha a:s; reverse a:l; uniq a:l; first a:a; last a:a
    join tm:t; join ta:t; until I:l; seq I:t; seq II:t; seq III:t; untilStep III:l; max nnn:n; min nnn:n; maxf nnn:n; addf nnn:n; divf nnn:n; mulf nnn:n; subf nnn:n; floor a:n; ceil a:n; add1 a:n; adler32sum Y:t; sha256sum Y:t; b64enc Y:t; b32enc Y:t
    printf fa:t; printf faa:t; printf faaa:t; printf fn:t; printf Gn:t; printf Gt:t; printf Gl:t; printf Gm:t; printf FnI:t; printf Ft:t; printf Ga:t; fail t:a; include pa:t; include pm:t; tpl xm:t; lookup tttt:m; tpl xM:t; tpl XM:t; required tt:a; typeOf l:t; kindOf l:t; typeOf m:t
";

pub(super) const TEXT: &[&str] = &[
    ".Values.s",
    "$.Values.s",
    ".Values.m.k",
    "\"str\"",
    "\"\"",
    "\"a-b c\"",
    "`raw\\n`",
    "\"12\"",
    "\"1.5\"",
    "\"k\"",
    "\",\"",
    "\"1.2.3\"",
    "\">=1.0 <3\"",
    "\"x/y/z.tgz\"",
    ".Release.Name",
    ".Chart.Version",
    ".Template.Name",
    "\"ünï\"",
    "\"a\\tb\\\"c\"",
    "\"https://u:p@h:80/p?q=1#f\"",
    "\"2006-01-02\"",
    "\"[1, {a: b}]\"",
    "\"a: 1\\nb: [x]\"",
    "\"string\"",
    "\"map\"",
];
pub(super) const NUMBER: &[&str] = &[
    ".Values.n",
    ".Values.f",
    "1",
    "0",
    "-3",
    "2.5",
    "2e4",
    "'x'",
    "0x1F",
    "0b11",
    "1_000",
    "(int 7)",
    "(int64 -9)",
    "(float64 2)",
    "\"12\"",
    "\"2.5\"",
    "(len .Values.l)",
];
pub(super) const INT: &[&str] = &[
    "1",
    "0",
    "-3",
    "7",
    "0x1F",
    "(int 7)",
    "(len .Values.l)",
    ".Release.Revision",
    "(int .Values.n)",
    "1e3",
];
/// Small: these repeat and indent.
pub(super) const SMALL: &[&str] = &["0", "1", "2", "3", "5", "-1", "(int 2)", "(len .Values.l)"];
pub(super) const LIST: &[&str] = &[
    ".Values.l",
    ".Values.e",
    "(list 1 \"a\" nil)",
    "(list)",
    "(until 3)",
    "(untilStep 0 9 2)",
    "(tuple 1 2)",
    ".Values.strings",
    "$.Values.l",
    "(list (dict \"a\" 1) (list))",
];
pub(super) const TEXTS: &[&str] = &[
    ".Values.strings",
    "(list \"b\" \"a\")",
    "(splitList \",\" \"x,,y\")",
    "(keys .Values.m | sortAlpha)",
];
pub(super) const MAP: &[&str] = &[
    ".Values.m",
    ".Values.em",
    "(dict)",
    "(dict \"k\" 1 \"z\" (list 2))",
    ".Values.m.z",
    ".Values.deep.a.b",
    "$.Values.deep",
    "(dict \"k\" nil)",
    "$.Values.m",
    "(dict \"a\" (dict \"b\" true))",
];
pub(super) const TRUTH: &[&str] = &[
    ".Values.t",
    "true",
    "false",
    "(eq 1 1)",
    "$.Release.IsInstall",
];
pub(super) const ANY: &[&str] = &[
    "nil",
    ".Values.nul",
    ".Values.none",
    "$x",
    ".Values.none.x",
    "(.Values.m).k",
    "(index .Values.l 0)",
    ".Values.e",
    "1.0",
    "123456.0",
];
pub(super) const PATTERN: &[&str] = &[
    "\"^a\"",
    "\"[a-z]+\"",
    "\"(.)l\"",
    "\"\"",
    "\"x*\"",
    "\"(?i)h\"",
    "\"(?P<n>o)\"",
    "\"[\"",
    "\"\\\\s+\"",
    "`\\d{1,2}`",
];
pub(super) const FORMAT: &[&str] = &[
    "\"%v|%s\"",
    "\"%5d %q\"",
    "\"%05.1f %x\"",
    "\"%-8v|%+d\"",
    "\"%T %t\"",
    "\"%#v %U\"",
    "\"%6.2f%%|%e\"",
    "\"%s %d %v\"",
    "\"%v\"",
    "\"%d\"",
    "\"%c|%o\"",
    "\"%g %G\"",
    "\"%[2]v %[1]v\"",
    "\"%*d\"",
    "\"%!\"",
    "\"%X\"",
    "\"%+v\"",
    "\"%08b\"",
    "\"% d\"",
    "\"%.2s\"",
];
/// For `tpl`.
pub(super) const TEMPLATES: &[&str] = &[
    "\"{{ .Values.s }}\"",
    "\"{{ .k }}\"",
    "\"{{ .Values.n | int }}-{{ $x := 1 }}{{ $x }}\"",
    "\"plain\"",
    "\"{{ include \\\"part\\\" .Values.l }}\"",
    "\"{{ range $k, $v := . }}{{ $k }},{{ end }}\"",
    ".Values.s",
    "\"{{ define \\\"own\\\" }}o{{ . }}{{ end }}{{ template \\\"own\\\" .z }}\"",
    "\"{{ .none }}\"",
    "\"{{ bad\"",
    "\"{{ required \\\"wanted\\\" .none }}\"",
    "(toYaml .Values.m)",
    "\"{{ $.none | toJson }}\"",
];
/// What loops run over, besides random pipelines.
pub(super) const LOOPS: &[&str] = &[
    ".Values.l",
    ".Values.m",
    ".Values.strings",
    "$.Values.e",
    "(until 4)",
    "(int 3)",
    "3",
    "$i := (int 2)",
    "$k, $v := $.Values.m",
    "$i, $v := $.Values.l",
    "(list 1 2 3)",
    "(dict \"a\" 1 \"b\" 2)",
    "$v := $.Values.strings",
    ".Values.nul",
];
