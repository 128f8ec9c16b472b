// kustomize-oracle answers what the original kustomize makes of a folder: one JSON object a line on stdin
// ({"id", "files", "path", "reorder", "loadRestrictor"}), one a line on stdout ({"id", "output", "warnings"} or {"id", "error"}).
// Each case is written below the folder that -root names, which is emptied before: messages name files by their place there.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/openapi"
)

type question struct {
	ID    string            `json:"id"`
	Files map[string]string `json:"files"`
	// What is not text, byte by byte.
	Bytes          map[string][]uint16 `json:"bytes"`
	Path           string              `json:"path"`
	Reorder        string              `json:"reorder"`
	LoadRestrictor string              `json:"loadRestrictor"`
	// How often it is built, for what one build costs.
	Repeat int `json:"repeat"`
}

type answer struct {
	ID       string  `json:"id"`
	Output   *string `json:"output,omitempty"`
	Error    *string `json:"error,omitempty"`
	Warnings string  `json:"warnings,omitempty"`
	// CPU time of one build, if there were several: the library's alone, with its schemas already read.
	Nanoseconds int64 `json:"nanoseconds,omitempty"`
}

func write(root string, files map[string]string) error {
	if err := os.RemoveAll(root); err != nil {
		return err
	}
	for name, text := range files {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// schemaChosen says whether the last case named a schema of its own.
var schemaChosen bool

func choosesSchema(files map[string]string) bool {
	for _, text := range files {
		if strings.Contains(text, "openapi") {
			return true
		}
	}
	return false
}

func build(root string, q question) (out string, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	options := krusty.MakeDefaultOptions()
	options.Reorder = krusty.ReorderOptionNone
	if q.Reorder == "legacy" {
		options.Reorder = krusty.ReorderOptionLegacy
	}
	if q.LoadRestrictor == "none" {
		options.LoadRestrictions = types.LoadRestrictionsNone
	}
	// A schema that one case chose must not be there for the next one: the command is a process of its own each time. To read
	// the usual one again takes longer than most builds, though.
	chooses := choosesSchema(q.Files)
	if schemaChosen || chooses {
		openapi.ResetOpenAPI()
	}
	schemaChosen = chooses
	resources, err := krusty.MakeKustomizer(options).Run(filesys.MakeFsOnDisk(), filepath.Join(root, q.Path))
	if err != nil {
		return "", err
	}
	text, err := resources.AsYaml()
	return string(text), err
}

// measure builds several times, and returns the CPU time of one, garbage collection included.
func measure(root string, q question) int64 {
	used := func() int64 {
		var usage syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
			return 0
		}
		return usage.Utime.Nano() + usage.Stime.Nano()
	}
	var spent int64
	warnings(func() {
		before := used()
		for range q.Repeat {
			_, _ = build(root, q)
		}
		spent = (used() - before) / int64(q.Repeat)
	})
	return spent
}

// warnings runs what writes to the standard error stream, and returns what it wrote.
func warnings(run func()) string {
	before := os.Stderr
	reader, writer, err := os.Pipe()
	if err != nil {
		run()
		return ""
	}
	text := make(chan string)
	go func() {
		var all bytes.Buffer
		_, _ = io.Copy(&all, reader)
		text <- all.String()
	}()
	os.Stderr = writer
	log.SetOutput(writer)
	run()
	os.Stderr = before
	log.SetOutput(before)
	writer.Close()
	return <-text
}

func main() {
	root := flag.String("root", "", "the folder that each case is written to")
	flag.Parse()
	if *root == "" {
		log.Fatal("-root names the folder that cases are written to, and that is emptied for each")
	}
	log.SetFlags(0)
	lines := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) == 0 {
			if err != io.EOF {
				log.Fatal(err)
			}
			return
		}
		var q question
		if err := json.Unmarshal(line, &q); err != nil {
			log.Fatal(err)
		}
		for name, content := range q.Bytes {
			text := make([]byte, len(content))
			for i, b := range content {
				text[i] = byte(b)
			}
			q.Files[name] = string(text)
		}
		if err := write(*root, q.Files); err != nil {
			log.Fatal(err)
		}
		a := answer{ID: q.ID}
		a.Warnings = warnings(func() {
			if text, err := build(*root, q); err != nil {
				message := err.Error()
				a.Error = &message
			} else {
				a.Output = &text
			}
		})
		if q.Repeat > 0 {
			a.Nanoseconds = measure(*root, q)
		}
		if err := encoder.Encode(a); err != nil {
			log.Fatal(err)
		}
		if err := out.Flush(); err != nil {
			log.Fatal(err)
		}
	}
}
