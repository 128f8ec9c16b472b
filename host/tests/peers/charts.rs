//! `helmCharts` of charts on disk: rendered by the Helm plugin, beside kustomize that runs helm.

use super::{folder, peer, rosin, run, same};

const CHART: &str = "apiVersion: v2
name: web
version: 1.2.3
appVersion: \"2.0\"
kubeVersion: \">=1.20.0-0\"
";

const VALUES: &str = "replicas: 1
image: {repository: nginx, tag: \"1.27\"}
labels: {a: chart, b: chart}
ports: [80, 443]
name: \"\"
gone: here
";

const HELPERS: &str = r#"{{- define "web.name" -}}{{ default .Chart.Name .Values.name | trunc 63 }}-{{ .Release.Name }}{{- end -}}"#;

const DEPLOYMENT: &str = r#"apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "web.name" . }}
  namespace: {{ .Release.Namespace }}
  labels: {{- toYaml .Values.labels | nindent 4 }}
    chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
  annotations:
    # What nobody gives is that of the helm at hand; the recorded charts compare it.
    kube: {{ if semverCompare ">=1.35.0-0" .Capabilities.KubeVersion.Version }}default{{ else }}{{ .Capabilities.KubeVersion.Version | quote }}{{ end }}
    install: {{ printf "%t %t %d" .Release.IsInstall .Release.IsUpgrade .Release.Revision | quote }}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      # what runs
      - name: web
        image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"
        ports: {{ range .Values.ports }}
        - containerPort: {{ . }}
        {{- end }}
"#;

const SERVICE: &str = r#"{{- if .Capabilities.APIVersions.Has "monitoring.coreos.com/v1" }}
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {name: {{ .Release.Name }}}
---
{{- end }}
apiVersion: v1
kind: Service
metadata:
  name: {{ include "web.name" . }}
spec:
  {{- with .Values.gone }}
  externalName: {{ . }}
  {{- end }}
  ports: {{ .Values.ports | toJson }}
---
# nothing
---
{{- if semverCompare ">=1.30-0" .Capabilities.KubeVersion.Version }}
apiVersion: v1
kind: ConfigMap
metadata: {name: new}
data:
  values: |
    {{- toYaml .Values | nindent 4 }}
{{- end }}
"#;

const HOOK: &str = "apiVersion: batch/v1
kind: Job
metadata: {name: migrate, annotations: {helm.sh/hook: \"pre-install,pre-upgrade\", helm.sh/hook-weight: \"5\"}}
";

const TEST: &str = "apiVersion: v1
kind: Pod
metadata: {name: probe, annotations: {helm.sh/hook: test}}
";

const CRD: &str = "apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.example.com}
spec: {group: example.com, names: {kind: Thing, plural: things}, scope: Namespaced, versions: []}
";

const SCHEMA: &str =
    r#"{"type": "object", "properties": {"replicas": {"type": "integer", "maximum": 10}}}"#;

/// A chart, one with a subchart, and one in a folder with its version, as they are after a pull.
const FILES: [(&str, &str); 20] = [
    ("charts/web/Chart.yaml", CHART),
    ("charts/web/values.yaml", VALUES),
    ("charts/web/values.schema.json", SCHEMA),
    ("charts/web/templates/_helpers.tpl", HELPERS),
    ("charts/web/templates/deployment.yaml", DEPLOYMENT),
    ("charts/web/templates/service.yaml", SERVICE),
    ("charts/web/templates/hook.yaml", HOOK),
    (
        "charts/web/templates/NOTES.txt",
        "Thank you for {{ .Release.Name }}.\n",
    ),
    ("charts/web/templates/tests/probe.yaml", TEST),
    ("charts/web/crds/things.yaml", CRD),
    (
        "charts/shop/Chart.yaml",
        "apiVersion: v2\nname: shop\nversion: 0.1.0-rc.1\ndependencies:\n- {name: db, version: 1.0.0, condition: db.enabled}\n",
    ),
    (
        "charts/shop/values.yaml",
        "global: {zone: a}\ndb: {size: 2}\n",
    ),
    (
        "charts/shop/templates/shop.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}-shop}\ndata: {zone: {{ .Values.global.zone }}, size: {{ .Values.db.size | quote }}}\n",
    ),
    (
        "charts/shop/charts/db/Chart.yaml",
        "apiVersion: v2\nname: db\nversion: 1.0.0\n",
    ),
    (
        "charts/shop/charts/db/values.yaml",
        "size: 1\nenabled: true\n",
    ),
    (
        "charts/shop/charts/db/templates/db.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData: {zone: {{ .Values.global.zone }}, size: {{ .Values.size | quote }}, need: {{ required \"need is needed\" (.Values.need | default \"y\") | quote }}}\n",
    ),
    ("charts/web-1.2.3/web/Chart.yaml", CHART),
    ("charts/web-1.2.3/web/values.yaml", "a: b\n"),
    (
        "charts/web-1.2.3/web/templates/a.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: pulled}\ndata: {a: {{ .Values.a }}}\n",
    ),
    (
        "elsewhere/own/Chart.yaml",
        "apiVersion: v1\nname: own\nversion: 1.0.0\n",
    ),
];

const MORE: [(&str, &str); 7] = [
    ("elsewhere/own/values.yaml", ""),
    (
        "elsewhere/own/templates/a.yaml",
        "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: own}\n",
    ),
    (
        "prod.yaml",
        "replicas: 3\nlabels: {b: prod}\nports: [8080]\n",
    ),
    ("more.yaml", "image: {tag: more}\nlabels: {c: more}\n"),
    ("most.yaml", "image: {tag: most}\n"),
    ("broken.yaml", "a: [\n"),
    (
        "generator.yaml",
        "apiVersion: builtin\nkind: HelmChartInflationGenerator\nmetadata: {name: x}\nname: web\nreleaseName: generated\nvaluesInline: {replicas: 4}\n",
    ),
];

/// What is in the kustomization file, and whether it builds.
const CASES: [(&str, bool); 36] = [
    ("helmCharts: [{name: web, releaseName: r}]", true),
    (
        "helmCharts: [{name: web, releaseName: r, valuesFile: prod.yaml}]",
        true,
    ),
    (
        "helmCharts: [{name: web, releaseName: r, valuesFile: prod.yaml, additionalValuesFiles: [more.yaml, most.yaml]}]",
        true,
    ),
    (
        "helmCharts: [{name: web, releaseName: r, additionalValuesFiles: [more.yaml], valuesInline: {image: {tag: inline}}}]",
        true,
    ),
    (
        "helmCharts: [{name: web, releaseName: r, valuesInline: {replicas: 2, labels: {b: inline, d: 1e3}, ports: [], gone: null}}]",
        true,
    ),
    (
        "helmCharts: [{name: web, releaseName: r, valuesMerge: override, valuesInline: {labels: {b: inline}, ports: [9090]}}]",
        true,
    ),
    (
        "helmCharts: [{name: web, releaseName: r, valuesMerge: merge, valuesInline: {labels: {b: inline, d: inline}, ports: [9090], extra: on}}]",
        true,
    ),
    (
        "helmCharts: [{name: web, releaseName: r, valuesMerge: replace, valuesInline: {labels: {b: inline}, image: {tag: 1.10}}}]",
        true,
    ),
    (
        "helmCharts: [{name: web, releaseName: r, valuesMerge: merge, valuesFile: prod.yaml, valuesInline: {replicas: 9, image: {tag: \"010\"}}}]",
        true,
    ),
    (
        "helmCharts: [{name: web, releaseName: r, includeCRDs: true}]",
        true,
    ),
    (
        "helmCharts: [{name: web, releaseName: r, skipHooks: true}]",
        true,
    ),
    (
        "helmCharts: [{name: web, releaseName: r, skipTests: true}]",
        true,
    ),
    (
        "helmCharts: [{name: web, releaseName: r, skipTests: true, skipHooks: true, includeCRDs: true, devel: true, debug: true}]",
        true,
    ),
    (
        "helmCharts: [{name: web, releaseName: r, namespace: shop}]",
        true,
    ),
    (
        "namespace: all\nhelmCharts: [{name: web, releaseName: r}]",
        true,
    ),
    (
        "namespace: all\nhelmCharts: [{name: web, releaseName: r, namespace: shop}]",
        true,
    ),
    (
        "helmCharts: [{name: web, releaseName: r, apiVersions: [monitoring.coreos.com/v1, a/v1]}]",
        true,
    ),
    (
        "helmCharts: [{name: web, releaseName: r, kubeVersion: v1.25.4}]",
        true,
    ),
    (
        "helmCharts: [{name: web, releaseName: r, kubeVersion: \"1.31\"}]",
        true,
    ),
    (
        "helmCharts: [{name: web, nameTemplate: '{{ \"named\" | upper | lower }}-{{ add 1 2 }}'}]",
        true,
    ),
    (
        "helmCharts: [{name: web, version: 9.9.9, releaseName: r}]",
        true,
    ),
    (
        "helmCharts: [{name: web, version: 1.2.3, repo: 'https://charts.example.com', releaseName: r}]",
        true,
    ),
    (
        "helmGlobals: {chartHome: elsewhere}\nhelmCharts: [{name: own, releaseName: r}]",
        true,
    ),
    (
        "helmCharts: [{name: shop, releaseName: r}, {name: web, releaseName: q, valuesFile: prod.yaml}]",
        true,
    ),
    (
        "helmCharts: [{name: shop, releaseName: r, devel: true, valuesInline: {db: {enabled: false}}}]",
        true,
    ),
    (
        "helmCharts: [{name: shop, releaseName: r, valuesInline: {global: {zone: z}, db: {size: 1.5e10, need: \"\"}}}]",
        true,
    ),
    (
        "generators: [generator.yaml]\nnamePrefix: p-\ncommonLabels: {team: us}\nimages: [{name: nginx, newTag: v9}]",
        true,
    ),
    (
        "helmCharts: [{name: web, releaseName: r}]\nnameSuffix: -s\nreplicas: [{name: web-r, count: 7}]\npatches:\n- target: {kind: Service}\n  patch: '- {op: add, path: /spec/type, value: NodePort}'\nbuildMetadata: [originAnnotations]",
        true,
    ),
    (
        "helmCharts: [{name: web, releaseName: r, valuesInline: {replicas: 11}}]",
        false,
    ),
    (
        "helmCharts: [{name: web, releaseName: r, valuesInline: {image: text}}]",
        false,
    ),
    (
        "helmCharts: [{name: web, releaseName: r, kubeVersion: \"1.10\"}]",
        false,
    ),
    (
        "helmCharts: [{name: web, releaseName: r, kubeVersion: many}]",
        false,
    ),
    ("helmCharts: [{name: web, releaseName: R_}]", false),
    (
        "helmCharts: [{name: web, releaseName: r, valuesFile: broken.yaml}]",
        false,
    ),
    (
        "helmCharts: [{name: web, releaseName: r, nameTemplate: x}]",
        false,
    ),
    ("helmCharts: [{name: none, releaseName: r}]", false),
];

#[test]
fn charts_are_rendered_as_with_kustomize_and_helm() {
    let (Some(kustomize), Some(helm)) = (peer("kustomize"), peer("helm")) else {
        return;
    };
    let helm = helm.to_string_lossy().into_owned();
    for (kustomization, builds) in CASES {
        let own = [("kustomization.yaml", kustomization)];
        let folder = folder(FILES.into_iter().chain(MORE).chain(own));
        let build = ["build", ".", "--enable-helm"];
        let with_helm: Vec<&str> = build.into_iter().chain(["--helm-command", &helm]).collect();
        let theirs = run(&kustomize, folder.path(), &with_helm);
        let ours = run(rosin(), folder.path(), &build);
        same(kustomization, builds, &theirs, &ours);
    }
}
