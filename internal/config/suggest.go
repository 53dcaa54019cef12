package config

import (
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// unknownKey says what to do about a key that the struct does not have.
func unknownKey(root reflect.Type, path []string) string {
	if len(path) == 0 {
		return "unknown key"
	}
	name := path[len(path)-1]
	text := fmt.Sprintf("unknown key %q", join(path))
	parent := typeOf(root, path[:len(path)-1])
	if parent == nil || parent.Kind() != reflect.Struct {
		return text
	}
	known := slices.Sorted(maps.Keys(fields(parent)))
	if best := Nearest(name, known); best != "" {
		return fmt.Sprintf("%s: did you mean %q?", text, best)
	}
	if table := elsewhere(root, name); table != "" {
		return fmt.Sprintf("%s: it belongs into [%s]", text, table)
	}
	return fmt.Sprintf("%s: there are %s", text, strings.Join(known, ", "))
}

// elsewhere is a table of the root that has the key.
func elsewhere(root reflect.Type, name string) string {
	for _, table := range slices.Sorted(maps.Keys(fields(root))) {
		if t := typeOf(root, []string{table}); t.Kind() == reflect.Struct {
			if _, ok := fields(t)[name]; ok {
				return table
			}
		}
	}
	return ""
}

// Nearest is the known word at the smallest edit distance, if that is small for its length.
func Nearest(word string, known []string) string {
	best, least := "", 1+max(1, len(word)/3)
	for _, k := range known {
		if d := distance(strings.ToLower(word), k); d < least {
			best, least = k, d
		}
	}
	return best
}

// distance is the Levenshtein distance: how many letters to add, drop or change.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}

var cannotDecode = regexp.MustCompile(
	`^cannot (?:decode|store) (?:a )?TOML (\w+) into (?:.* of type )?(.*)$`)

// plain says in words what the TOML library says in Go types.
func plain(message string) string {
	message = strings.TrimPrefix(message, "toml: ")
	m := cannotDecode.FindStringSubmatch(message)
	if m == nil {
		return message
	}
	return fmt.Sprintf("want %s, not a TOML %s", inWords(m[2]), m[1])
}

func inWords(goType string) string {
	switch {
	case strings.HasPrefix(goType, "int"), strings.HasPrefix(goType, "uint"):
		return "a whole number"
	case strings.HasPrefix(goType, "float"):
		return "a number"
	case goType == "bool":
		return "true or false"
	case goType == "string":
		return "text in quotes"
	case strings.HasPrefix(goType, "[]"):
		return "a list in brackets"
	case strings.HasPrefix(goType, "struct"), strings.HasPrefix(goType, "map"):
		return "a table"
	}
	return "a table" // a named struct; named numbers and texts are read as text
}
