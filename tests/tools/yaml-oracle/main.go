// Command yaml-oracle answers, line by line, what the Go libraries behind kustomize and Helm make of a document, so that
// crates/manifest can be compared with them. Requests and answers are JSON objects, one a line.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"sigs.k8s.io/kustomize/api/filters/patchjson6902"
	"sigs.k8s.io/kustomize/kyaml/kio"
	kyaml "sigs.k8s.io/kustomize/kyaml/yaml"
	"sigs.k8s.io/kustomize/kyaml/yaml/merge2"
	"sigs.k8s.io/yaml"
)

type request struct {
	Mode  string `json:"mode"`
	Input string `json:"input"`
	Patch string `json:"patch"`
}

type answer struct {
	Output string `json:"output"`
	Error  string `json:"error"`
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "schema" {
		if err := printSchema(); err != nil {
			panic(err)
		}
		return
	}
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(make([]byte, 1<<20), 1<<28)
	out := json.NewEncoder(os.Stdout)
	for in.Scan() {
		var req request
		if err := json.Unmarshal(in.Bytes(), &req); err != nil {
			panic(err)
		}
		text, err := respond(req)
		a := answer{Output: text}
		if err != nil {
			a = answer{Error: err.Error() + " "}
		}
		if err := out.Encode(a); err != nil {
			panic(err)
		}
	}
}

func respond(req request) (text string, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	switch req.Mode {
	case "sigs": // YAML to JSON to YAML
		j, err := yaml.YAMLToJSON([]byte(req.Input))
		if err != nil {
			return "", err
		}
		y, err := yaml.JSONToYAML(j)
		return string(y), err
	case "build": // resources to what kustomize prints of them
		return each(req.Input, printed)
	case "text": // resources to kyaml's text
		return each(req.Input, func(n *kyaml.RNode) (string, error) { return n.String() })
	case "merge": // strategic merge of a patch into a resource, as kustomize does it
		dest, err := one(req.Input)
		if err != nil {
			return "", err
		}
		patch, err := one(req.Patch)
		if err != nil {
			return "", err
		}
		merged, err := merge2.Merge(patch, dest, kyaml.MergeOptions{ListIncreaseDirection: kyaml.MergeOptionsListPrepend})
		if err != nil || merged == nil {
			return "", err
		}
		return printed(merged)
	case "json6902": // JSON patch of a resource
		dest, err := one(req.Input)
		if err != nil {
			return "", err
		}
		patched, err := patchjson6902.Filter{Patch: req.Patch}.Filter([]*kyaml.RNode{dest})
		if err != nil {
			return "", err
		}
		return printed(patched[0])
	case "labels": // does a selector match the labels of an object?
		object, err := one(req.Input)
		if err != nil {
			return "", err
		}
		matches, err := object.MatchesLabelSelector(req.Patch)
		return fmt.Sprint(matches), err
	}
	return "", fmt.Errorf("unknown mode %q", req.Mode)
}

// printed is what a build prints of an object.
func printed(n *kyaml.RNode) (string, error) {
	j, err := n.MarshalJSON()
	if err != nil {
		return "", err
	}
	y, err := yaml.JSONToYAML(j)
	return string(y), err
}

func one(text string) (*kyaml.RNode, error) {
	nodes, err := kio.FromBytes([]byte(text))
	if err != nil {
		return nil, err
	}
	if len(nodes) != 1 {
		return nil, fmt.Errorf("%d documents", len(nodes))
	}
	return nodes[0], nil
}

func each(text string, write func(*kyaml.RNode) (string, error)) (string, error) {
	nodes, err := kio.FromBytes([]byte(text))
	if err != nil {
		return "", err
	}
	var parts []string
	for _, n := range nodes {
		part, err := write(n)
		if err != nil {
			return "", err
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, "---\n"), nil
}
