package cli

import (
	"strings"

	"github.com/urfave/cli/v2"
)

// synonyms are words that people try, and what they look for is called here. Of several meanings
// the most frequent one stands first.
var synonyms = map[string]string{
	"register": "init", "signup": "init", "setup": "init",
	"login": "daemon run", "start": "daemon run", "connect": "daemon run", "up": "daemon run",
	"logout": "daemon stop", "quit": "daemon stop", "exit": "daemon stop", "down": "daemon stop",
	"say": "post", "tweet": "post", "toot": "post", "publish": "feed publish",
	"message": "dm", "messages": "inbox", "chat": "dm", "reply": "post", "like": "react",
	"group": "circle", "groups": "circle list", "undo": "delete",
	"feeds": "feed list", "subscribe": "feed follow",
	"unsubscribe": "feed unfollow", "following": "feed list",
	"picture": "photo", "image": "photo", "ps": "status",
	"queue": "outbox", "sent": "outbox", "cost": "network budget",
	"info": "status", "simulate": "sim",
}

// suggest is what somebody meant who typed a word that is no command below a path: a command beside
// it that is written nearly so, one of that name elsewhere, or what others call it.
func suggest(root []*cli.Command, above []string, word string) (path string, found bool) {
	word = strings.ToLower(word)
	beside := root
	for _, name := range above {
		if c := find(beside, name); c != nil {
			beside = c.Subcommands
		}
	}
	if name, found := nearest(names(beside), word); found {
		return strings.Join(append(above, name), " "), true
	}
	if path, found := elsewhere(root, nil, func(name string) bool { return name == word }); found {
		return path, true
	}
	if path := synonyms[word]; path != "" && exists(root, path) {
		return path, true
	}
	if len(word) < 4 {
		return "", false
	}
	return elsewhere(root, nil, func(name string) bool { return distance(name, word) == 1 })
}

func names(list []*cli.Command) (all []string) {
	for _, c := range list {
		if !c.Hidden {
			all = append(all, c.Name)
		}
	}
	return all
}

// nearest is the name that a word is written most like; it must be more alike than different.
func nearest(names []string, word string) (best string, found bool) {
	least := len(word)/3 + 1
	for _, name := range names {
		if d := distance(name, word); d < least || d == least && !found && d <= 2 {
			least, best, found = d, name, true
		}
	}
	return best, found
}

func elsewhere(list []*cli.Command, above []string, is func(string) bool) (string, bool) {
	for _, c := range list {
		path := append(above[:len(above):len(above)], c.Name)
		if is(c.Name) && !c.Hidden {
			return strings.Join(path, " "), true
		}
		if found, ok := elsewhere(c.Subcommands, path, is); ok {
			return found, true
		}
	}
	return "", false
}

func exists(root []*cli.Command, path string) bool {
	for _, name := range strings.Fields(path) {
		c := find(root, name)
		if c == nil {
			return false
		}
		root = c.Subcommands
	}
	return true
}

// distance is how many letters must be changed, left out, put in, or exchanged with the next one,
// to make one word of another (optimal string alignment).
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	rows := make([][]int, len(x)+1)
	for i := range rows {
		rows[i] = make([]int, len(y)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(x); i++ {
		for j := 1; j <= len(y); j++ {
			change := 1
			if x[i-1] == y[j-1] {
				change = 0
			}
			d := min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+change)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				d = min(d, rows[i-2][j-2]+1)
			}
			rows[i][j] = d
		}
	}
	return rows[len(x)][len(y)]
}
