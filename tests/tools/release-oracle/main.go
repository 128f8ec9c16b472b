// release-oracle answers what the original programs make of releases: one JSON object a line on stdin, one a line on stdout
// ({"id", "output"} or {"id", "error"}). What is asked is in "op":
//
//	recode   "text" is a record: as Go reads and writes it, with the digests that helm-controller puts into a status
//	open     "text" is the content of a Secret: the record in it
//	storage  "secrets" are what a namespace holds: what Helm's storage finds of the release "name" there
//	digest   "text" is YAML, read as values: the text that is digested, and the digest
//	compose  "inline" is YAML; "references" are Secrets, each with a "value" that goes to "path", or is merged without one
//	chart    "text" is a packed chart in base 64, "values" the user's: the chart as a record keeps it
//	merge    "original", "modified", "current": the patch of a client-side apply, and what comes of it; "strategic" names the kind
//	apply    "patch" on "current", likewise
package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sort"

	"github.com/fluxcd/pkg/apis/meta"
	"github.com/fluxcd/pkg/chartutil"
	"github.com/go-logr/logr"
	"github.com/opencontainers/go-digest"
	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	"helm.sh/helm/v4/pkg/chart/common"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	chartv2util "helm.sh/helm/v4/pkg/chart/v2/util"
	release "helm.sh/helm/v4/pkg/release/v1"
	"helm.sh/helm/v4/pkg/storage"
	"helm.sh/helm/v4/pkg/storage/driver"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/jsonmergepatch"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"k8s.io/client-go/kubernetes/scheme"
	typed "k8s.io/client-go/kubernetes/typed/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

type question struct {
	ID         string          `json:"id"`
	Op         string          `json:"op"`
	Text       string          `json:"text"`
	OCIDigest  string          `json:"ociDigest"`
	Inline     string          `json:"inline"`
	References []reference     `json:"references"`
	Patch      json.RawMessage `json:"patch"`
	Name       string          `json:"name"`
	Secrets    []corev1.Secret `json:"secrets"`
	Values     map[string]any  `json:"values"`
	Strategic  string          `json:"strategic"`
	Original   json.RawMessage `json:"original"`
	Modified   json.RawMessage `json:"modified"`
	Current    json.RawMessage `json:"current"`
}

type reference struct {
	Path    string `json:"path"`
	Value   string `json:"value"`
	Literal bool   `json:"literal"`
}

type answer struct {
	ID     string  `json:"id"`
	Output any     `json:"output,omitempty"`
	Error  *string `json:"error,omitempty"`
}

// What is digested of a record: helm-controller's fields, in its order.
type observation struct {
	Name          string         `json:"name"`
	Version       int            `json:"version"`
	Info          release.Info   `json:"info"`
	ChartMetadata chart.Metadata `json:"chartMetadata"`
	Config        map[string]any `json:"config"`
	Manifest      string         `json:"manifest"`
	Hooks         []release.Hook `json:"hooks"`
	Namespace     string         `json:"namespace"`
	OCIDigest     string         `json:"ociDigest,omitempty"`
}

func observe(r *release.Release, oci string) observation {
	o := observation{Name: r.Name, Version: r.Version, Manifest: r.Manifest, Namespace: r.Namespace, OCIDigest: oci}
	if r.Info != nil {
		o.Info = *r.Info
	}
	if r.Chart != nil && r.Chart.Metadata != nil {
		o.ChartMetadata = *r.Chart.Metadata
	}
	if len(r.Config) > 0 {
		o.Config = r.Config
	}
	for _, h := range r.Hooks {
		test := false
		for _, e := range h.Events {
			test = test || e == release.HookTest
		}
		if !test {
			o.Hooks = append(o.Hooks, *h)
		}
	}
	return o
}

func recode(q question) (any, error) {
	var r release.Release
	if err := json.Unmarshal([]byte(q.Text), &r); err != nil {
		return nil, err
	}
	text, err := json.Marshal(&r)
	if err != nil {
		return nil, err
	}
	var observed bytes.Buffer
	if err := json.NewEncoder(&observed).Encode(observe(&r, q.OCIDigest)); err != nil {
		return nil, err
	}
	return map[string]any{
		"text":         string(text),
		"observed":     observed.String(),
		"digest":       digest.SHA256.FromBytes(observed.Bytes()),
		"configDigest": chartutil.DigestValues(digest.SHA256, r.Config),
	}, nil
}

func open(q question) (any, error) {
	packed, err := base64.StdEncoding.DecodeString(q.Text)
	if err != nil {
		return nil, err
	}
	reader, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(reader)
	return string(text), err
}

// namespace answers for the Secrets of an API server.
type namespace struct {
	typed.SecretInterface
	secrets []corev1.Secret
}

func (n namespace) Get(_ context.Context, name string, _ metav1.GetOptions) (*corev1.Secret, error) {
	for i := range n.secrets {
		if n.secrets[i].Name == name {
			return &n.secrets[i], nil
		}
	}
	return nil, apierrors.NewNotFound(corev1.Resource("secrets"), name)
}

func (n namespace) List(_ context.Context, options metav1.ListOptions) (*corev1.SecretList, error) {
	selector, err := labels.Parse(options.LabelSelector)
	if err != nil {
		return nil, err
	}
	list := &corev1.SecretList{}
	for _, secret := range n.secrets {
		if selector.Matches(labels.Set(secret.Labels)) {
			list.Items = append(list.Items, secret)
		}
	}
	return list, nil
}

func found(q question) (any, error) {
	releases := storage.Init(driver.NewSecrets(namespace{secrets: q.Secrets}))
	history, err := releases.History(q.Name)
	if err != nil {
		return nil, err
	}
	var states []string
	for _, each := range history {
		r := each.(*release.Release)
		states = append(states, fmt.Sprintf("%d %s %s", r.Version, r.Info.Status, r.Info.Description))
	}
	sort.Strings(states)
	last, err := releases.Last(q.Name)
	if err != nil {
		return nil, err
	}
	deployed, err := releases.Deployed(q.Name)
	if err != nil {
		return nil, err
	}
	return map[string]any{"history": states, "last": last, "deployed": deployed, "labels": last.(*release.Release).Labels}, nil
}

func values(text string) (common.Values, error) { return common.ReadValues([]byte(text)) }

func digestValues(q question) (any, error) {
	v, err := values(q.Text)
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	if err := chartutil.Encode(&text, v, chartutil.SortMapSlice); err != nil {
		return nil, err
	}
	return map[string]any{"text": text.String(), "digest": chartutil.DigestValues(digest.SHA256, v)}, nil
}

// secrets answers for an API server that has one Secret for each reference.
type secrets struct {
	client.Client
	references []reference
}

func (s secrets) Get(_ context.Context, key client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	var index int
	if _, err := fmt.Sscanf(key.Name, "ref-%d", &index); err != nil {
		return err
	}
	into.(*corev1.Secret).Data = map[string][]byte{"values.yaml": []byte(s.references[index].Value)}
	return nil
}

func compose(q question) (any, error) {
	inline, err := values(q.Inline)
	if err != nil {
		return nil, err
	}
	var references []meta.ValuesReference
	for i, r := range q.References {
		references = append(references, meta.ValuesReference{
			Kind: "Secret", Name: fmt.Sprintf("ref-%d", i), TargetPath: r.Path, Literal: r.Literal,
		})
	}
	v, err := chartutil.ChartValuesFromReferences(context.Background(), logr.Discard(), secrets{references: q.References}, "ns", inline, references...)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(v)
	return map[string]any{"text": string(text), "digest": chartutil.DigestValues(digest.SHA256, v)}, err
}

func storedChart(q question) (any, error) {
	packed, err := base64.StdEncoding.DecodeString(q.Text)
	if err != nil {
		return nil, err
	}
	c, err := loader.LoadArchive(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	if err := chartv2util.ProcessDependencies(c, q.Values); err != nil {
		return nil, err
	}
	text, err := json.Marshal(c)
	return string(text), err
}

func patchMeta(kind string) (strategicpatch.LookupPatchMeta, error) {
	gv, name, err := split(kind)
	if err != nil {
		return nil, err
	}
	object, err := scheme.Scheme.New(gv.WithKind(name))
	if err != nil {
		return nil, err
	}
	return strategicpatch.NewPatchMetaFromStruct(object)
}

func merge(q question) (any, error) {
	if q.Strategic == "" {
		patch, err := jsonmergepatch.CreateThreeWayJSONMergePatch(q.Original, q.Modified, q.Current)
		if err != nil {
			return nil, err
		}
		merged, err := jsonpatch.MergePatch(q.Current, patch)
		return map[string]any{"patch": json.RawMessage(patch), "merged": json.RawMessage(merged)}, err
	}
	meta, err := patchMeta(q.Strategic)
	if err != nil {
		return nil, err
	}
	patch, err := strategicpatch.CreateThreeWayMergePatch(q.Original, q.Modified, q.Current, meta, true)
	if err != nil {
		return nil, err
	}
	merged, err := strategicpatch.StrategicMergePatchUsingLookupPatchMeta(q.Current, patch, meta)
	return map[string]any{"patch": json.RawMessage(patch), "merged": json.RawMessage(merged)}, err
}

func apply(q question) (any, error) {
	if q.Strategic == "" {
		merged, err := jsonpatch.MergePatch(q.Current, q.Patch)
		return json.RawMessage(merged), err
	}
	meta, err := patchMeta(q.Strategic)
	if err != nil {
		return nil, err
	}
	merged, err := strategicpatch.StrategicMergePatchUsingLookupPatchMeta(q.Current, q.Patch, meta)
	return json.RawMessage(merged), err
}

// "apps/v1 Deployment"
func split(text string) (schema.GroupVersion, string, error) {
	var version, kind string
	if _, err := fmt.Sscan(text, &version, &kind); err != nil {
		return schema.GroupVersion{}, "", err
	}
	gv, err := schema.ParseGroupVersion(version)
	return gv, kind, err
}

func ask(q question) (out any, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	switch q.Op {
	case "recode":
		return recode(q)
	case "open":
		return open(q)
	case "storage":
		return found(q)
	case "digest":
		return digestValues(q)
	case "compose":
		return compose(q)
	case "chart":
		return storedChart(q)
	case "merge":
		return merge(q)
	case "apply":
		return apply(q)
	}
	return nil, fmt.Errorf("unknown op %q", q.Op)
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<27)
	out := bufio.NewWriter(os.Stdout)
	enc := json.NewEncoder(out)
	for in.Scan() {
		var q question
		if err := json.Unmarshal(in.Bytes(), &q); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		a := answer{ID: q.ID}
		if output, err := ask(q); err != nil {
			message := err.Error()
			a.Error = &message
		} else {
			a.Output = output
		}
		if err := enc.Encode(a); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		// Whoever asks may wait for the answer before the next question.
		if err := out.Flush(); err != nil {
			os.Exit(1)
		}
	}
}
