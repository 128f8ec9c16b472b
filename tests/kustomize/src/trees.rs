//! The trees of the benchmark, written by rule: the same arguments give the same files.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

/// Writes the files of a tree with so many objects below a folder.
pub type Write = fn(&Path, usize) -> io::Result<()>;

/// One base and an overlay that does what overlays do to a single Deployment.
pub fn small(root: &Path) -> io::Result<()> {
    write(
        root,
        "base/kustomization.yaml",
        "resources: [deployment.yaml, service.yaml]\n",
    )?;
    write(root, "base/deployment.yaml", &deployment("web", 0))?;
    write(root, "base/service.yaml", &service("web"))?;
    let overlay = "resources: [../base]\nnamespace: shop\nnamePrefix: prod-\nimages: [{name: registry.example.com/app, newTag: v2}]\n\
        labels: [{pairs: {env: prod}, includeSelectors: true}]\nconfigMapGenerator: [{name: web-config, literals: [a=b]}]\n\
        patches:\n- patch: |\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: web}\n    spec: {replicas: 3}\n";
    write(root, "overlay/kustomization.yaml", overlay)
}

/// What a Flux installation looks like: definitions with deep schemas, roles, controllers, in one file, with patches on top.
pub fn installation(root: &Path) -> io::Result<()> {
    let mut text = String::new();
    for number in 0..15 {
        let _ = write!(text, "---\n{}", definition(number));
    }
    for number in 0..10 {
        let name = format!("controller-{number}");
        let _ = write!(
            text,
            "---\napiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: {name}\n  namespace: system\n---\n{}---\n{}",
            deployment(&name, number),
            service(&name)
        );
    }
    write(root, "base/components.yaml", &text)?;
    write(
        root,
        "base/kustomization.yaml",
        "resources: [components.yaml]\n",
    )?;
    let mut overlay =
        "resources: [../base]\nlabels: [{pairs: {part-of: system}}]\npatches:\n".to_owned();
    overlay.push_str("- target: {kind: Deployment}\n  patch: |\n    - op: add\n      path: /spec/template/spec/containers/0/args/-\n      value: --events\n");
    overlay.push_str("- target: {kind: Deployment, name: controller-.*}\n  patch: |\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: all}\n    spec: {template: {spec: {nodeSelector: {kubernetes.io/os: linux}}}}\n");
    write(root, "overlay/kustomization.yaml", &overlay)
}

/// Applications of five objects that refer to each other by name, and an overlay with a prefix, a namespace, labels, an image,
/// generated ConfigMaps and patches of single objects.
pub fn applications(root: &Path, objects: usize) -> io::Result<()> {
    const PER_FILE: usize = 20;
    let applications = (objects / 5).max(1);
    let mut resources = String::new();
    for first in (0..applications).step_by(PER_FILE) {
        let mut text = String::new();
        for number in first..applications.min(first + PER_FILE) {
            let name = format!("app-{number:05}");
            let _ = write!(
                text,
                "---\napiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: {name}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  \
                 name: {name}-config\ndata:\n  # of {name}\n  level: \"info\"\n  settings.yaml: |\n    port: {number}\n    \
                 features: [a, b]\n---\n{}---\n{}---\n{}",
                deployment(&name, number),
                service(&name),
                ingress(&name)
            );
        }
        let file = format!("apps-{first:05}.yaml");
        let _ = writeln!(resources, "- {file}");
        write(root, &format!("base/{file}"), &text)?;
    }
    write(
        root,
        "base/kustomization.yaml",
        &format!("resources:\n{resources}"),
    )?;
    let mut overlay = "resources: [../base]\nnamePrefix: prod-\nnamespace: shop\nlabels: [{pairs: {env: prod}, includeSelectors: true}]\n\
        commonAnnotations: {team: shop}\nimages: [{name: registry.example.com/app, newTag: v2}]\nconfigMapGenerator:\n".to_owned();
    for number in 0..applications.min(100) {
        let _ = writeln!(
            overlay,
            "- {{name: generated-{number:05}, literals: [token={number}]}}"
        );
    }
    overlay.push_str("patches:\n- target: {kind: Service, name: app-0000.*}\n  patch: '[{\"op\": \"add\", \"path\": \"/spec/type\", \"value\": \"ClusterIP\"}]'\n");
    let patches = applications.min(applications / 50 + 20);
    for number in (0..applications).step_by(applications / patches) {
        let _ = write!(
            overlay,
            "- patch: |\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {{name: app-{number:05}}}\n    spec: {{replicas: 5}}\n"
        );
    }
    write(root, "overlay/kustomization.yaml", &overlay)
}

fn write(root: &Path, path: &str, text: &str) -> io::Result<()> {
    let path = root.join(path);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, text)
}

fn deployment(name: &str, number: usize) -> String {
    let port = 8000 + number % 1000;
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\n  labels:\n    app: {name}\nspec:\n  replicas: 2\n  selector:\n    \
         matchLabels:\n      app: {name}\n  template:\n    metadata:\n      labels:\n        app: {name}\n      annotations:\n        \
         prometheus.io/port: \"{port}\"\n    spec:\n      serviceAccountName: {name}\n      containers:\n      - name: app\n        \
         image: registry.example.com/app:v1\n        args: [\"--port\", \"{port}\"]\n        ports:\n        - containerPort: {port}\n          \
         name: http\n        env:\n        - name: LEVEL\n          valueFrom:\n            configMapKeyRef:\n              \
         name: {name}-config\n              key: level\n        resources:\n          limits:\n            memory: 64Mi\n        \
         livenessProbe:\n          httpGet:\n            path: /healthz\n            port: http\n        volumeMounts:\n        \
         - name: config\n          mountPath: /etc/app\n      - name: proxy\n        image: proxy:v1.30.1\n      volumes:\n      \
         - name: config\n        configMap:\n          name: {name}-config\n"
    )
}

fn service(name: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Service\nmetadata:\n  name: {name}\nspec:\n  selector:\n    app: {name}\n  ports:\n  - port: 80\n    targetPort: http\n"
    )
}

fn ingress(name: &str) -> String {
    format!(
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: {name}\nspec:\n  rules:\n  - host: {name}.example.com\n    http:\n      \
         paths:\n      - path: /\n        pathType: Prefix\n        backend:\n          service:\n            name: {name}\n            \
         port:\n              number: 80\n"
    )
}

fn definition(number: usize) -> String {
    let mut text = format!(
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: things{number}.example.com\nspec:\n  \
         group: example.com\n  names:\n    kind: Thing{number}\n    plural: things{number}\n  scope: Namespaced\n  versions:\n"
    );
    for version in ["v1", "v1beta2"] {
        let _ = write!(
            text,
            "  - name: {version}\n    served: true\n    storage: {}\n    subresources:\n      status: {{}}\n    schema:\n      openAPIV3Schema:\n        type: object\n        properties:\n",
            version == "v1"
        );
        for field in 0..40 {
            let _ = write!(
                text,
                "          field{field}:\n            description: |-\n              What the field with the number {field} of the thing means,\n              \
                 in two lines: at least one of them is long enough to matter.\n            type: object\n            properties:\n              name:\n                \
                 type: string\n                maxLength: 253\n                pattern: ^[a-z0-9]([-a-z0-9]*[a-z0-9])?$\n              interval:\n                \
                 type: string\n                pattern: ^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$\n            required:\n            - name\n"
            );
        }
    }
    text
}
