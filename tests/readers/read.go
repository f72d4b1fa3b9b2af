// Reads documents with gofeed.
//
//	read VERSION DOCUMENTS
//
// Prints a JSON line for each document, as read.py does.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/mmcdole/gofeed"
)

func read(text string, isAtom bool) ([]map[string]any, error) {
	feed, err := gofeed.NewParser().ParseString(text)
	if err != nil {
		return nil, err
	}
	entries := []map[string]any{}
	for _, item := range feed.Items {
		said := map[string]any{"id": item.GUID, "title": item.Title, "link": item.Link}
		if item.Content != "" {
			said["content"] = item.Content
		}
		if item.PublishedParsed != nil {
			said["published"] = item.PublishedParsed.UTC().Format(time.RFC3339)
		}
		if item.Author != nil {
			said["authors"] = []string{item.Author.Name}
		}
		if !isAtom {
			said["labels"] = append([]string{}, item.Categories...)
		}
		entries = append(entries, said)
	}
	return entries, nil
}

func main() {
	files, _ := filepath.Glob(filepath.Join(os.Args[2], "*"))
	for _, path := range files {
		if strings.HasSuffix(path, ".json") {
			continue
		}
		said := map[string]any{"library": "gofeed (Go)", "version": os.Args[1], "file": filepath.Base(path)}
		text, _ := os.ReadFile(path)
		entries, err := read(string(text), strings.HasSuffix(path, ".atom"))
		if err != nil {
			said["error"] = err.Error()
		} else {
			said["entries"] = entries
		}
		line, _ := json.Marshal(said)
		fmt.Println(string(line))
	}
}
