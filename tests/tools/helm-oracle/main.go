// helm-oracle answers what the original Helm makes of a template: one JSON object a line on stdin
// ({"id", "template", "values"}), one a line on stdout ({"id", "output"} or {"id", "error"}). The text is rendered as a
// chart's only template, with the values as they are given. A question with "args" instead is run as a Helm command
// (paths in it are best absolute), and the answer has its output and the processor time that it took, in microseconds.
// With -api-versions it prints the API versions that Helm assumes without a cluster.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/cmd"
	"helm.sh/helm/v4/pkg/engine"
)

type question struct {
	ID       string         `json:"id"`
	Template string         `json:"template"`
	Values   map[string]any `json:"values"`
	Args     []string       `json:"args"`
}

type answer struct {
	ID     string  `json:"id"`
	Output *string `json:"output,omitempty"`
	Error  *string `json:"error,omitempty"`
	Micros int64   `json:"micros"`
}

func render(q question) (out string, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	c := &chart.Chart{
		Metadata:  &chart.Metadata{APIVersion: "v2", Name: "case", Version: "0.1.0"},
		Templates: []*common.File{{Name: "templates/case.yaml", Data: []byte(q.Template)}},
		Values:    map[string]any{},
	}
	release := common.ReleaseOptions{Name: "rosin", Namespace: "rosin-ns", Revision: 1, IsInstall: true}
	values, err := util.ToRenderValues(c, q.Values, release, nil)
	if err != nil {
		return "", err
	}
	files, err := engine.Render(c, values)
	if err != nil {
		return "", err
	}
	return files["case/templates/case.yaml"], nil
}

// Commands of one process add up in cobra's list of initializers: whoever asks thousands starts anew now and then.
func command(args []string) (out string, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	var text strings.Builder
	root, err := cmd.NewRootCmd(&text, args, cmd.SetupLogging)
	if err != nil {
		return "", err
	}
	root.SetArgs(args)
	root.SetOut(&text)
	root.SetErr(io.Discard)
	err = root.Execute()
	return text.String(), err
}

func processorTime() int64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return usage.Utime.Nano()/1000 + usage.Stime.Nano()/1000
}

func answered(q question) (string, error) {
	if q.Args != nil {
		return command(q.Args)
	}
	return render(q)
}

func main() {
	versions := flag.Bool("api-versions", false, "print the default API versions and exit")
	flag.Parse()
	if *versions {
		for _, v := range common.DefaultVersionSet {
			fmt.Println(v)
		}
		return
	}
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<26)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	enc := json.NewEncoder(out)
	for in.Scan() {
		var q question
		if err := json.Unmarshal(in.Bytes(), &q); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		a := answer{ID: q.ID}
		before := processorTime()
		text, err := answered(q)
		a.Micros = processorTime() - before
		if err != nil {
			message := err.Error()
			a.Error = &message
		} else {
			a.Output = &text
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
