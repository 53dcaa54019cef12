package script

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// network DIR [FLAG]...: makes a small network in DIR, with the preset $CALM unless a flag says
// another, and starts every node by the line that `murmur network new` printed for it, named after
// its home.
func network(ts *testscript.TestScript, neg bool, args []string) {
	words := append([]string{"network", "new", args[0], "--width", "1", "--host",
		ts.Getenv("HOST")}, args[1:]...)
	if !slices.Contains(args, "--preset") {
		words = append(words, "--preset", ts.Getenv("CALM"))
	}
	ts.Check(ts.Exec("murmur", words...))
	for line := range strings.Lines(ts.ReadFile("stdout")) {
		words := strings.Fields(line)
		start(ts, neg, append([]string{filepath.Base(words[len(words)-1])}, words...))
	}
}

// person NAME NETWORK: makes a person's home NAME, starts the daemon NAME, and waits for its
// connection.
func person(ts *testscript.TestScript, neg bool, args []string) {
	name := args[0]
	ts.Check(ts.Exec("murmur", "init", "--home", name, "--network", args[1]+"/genesis", "--name",
		name, "--no-passphrase"))
	start(ts, neg, []string{name, "murmur", "daemon", "run", "--home", name})
	until(ts, neg, []string{"-out", "connected to", "murmur", "status", "--home", name})
}

// load NAME COUNT: posts that many numbered posts, one after the other.
func load(ts *testscript.TestScript, _ bool, args []string) {
	count, err := strconv.Atoi(args[1])
	ts.Check(err)
	all := storyOf(ts)
	for range count {
		all.posts++
		ts.Check(ts.Exec("murmur", "post", "--home", args[0],
			fmt.Sprintf("post %d of %s", all.posts, args[0])))
	}
}

// inorder NAME COUNT: the last standard output has the posts 1 to COUNT of NAME, each once and in
// order.
func inOrder(ts *testscript.TestScript, _ bool, args []string) {
	count, err := strconv.Atoi(args[1])
	ts.Check(err)
	posts := regexp.MustCompile(`post (\d+) of ` + args[0])
	found := posts.FindAllStringSubmatch(ts.ReadFile("stdout"), -1)
	if len(found) != count {
		ts.Fatalf("%d posts instead of %d", len(found), count)
	}
	for i, match := range found {
		if match[1] != fmt.Sprint(i+1) {
			ts.Fatalf("post %s stands at place %d", match[1], i+1)
		}
	}
}
