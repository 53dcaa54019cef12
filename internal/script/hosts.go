package script

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// Hosts says what this computer lacks for stories of several hosts, each a network namespace of
// Linux with addresses of its own.
func Hosts() error {
	if runtime.GOOS != "linux" || os.Getuid() != 0 {
		return errors.New("hosts of their own are network namespaces: want root on Linux")
	}
	for _, program := range []string{"ip", "nft"} {
		if _, err := exec.LookPath(program); err != nil {
			return fmt.Errorf("%w (Debian: iproute2, nftables)", err)
		}
	}
	trial := fmt.Sprintf("mm%d-trial", os.Getpid())
	defer exec.Command("ip", "netns", "del", trial).Run()
	for _, words := range []string{"netns add " + trial,
		"-n " + trial + " link add name left type veth peer name right",
		"-n " + trial + " link add name middle type bridge",
		"netns exec " + trial + " nft add table inet t"} {
		if said, err := exec.Command("ip", strings.Fields(words)...).CombinedOutput(); err != nil {
			return fmt.Errorf("ip %s: %w: %s", words, err, said)
		}
	}
	return nil
}

// space is the namespace of a host or a lan of this story.
func space(ts *testscript.TestScript, name string) string {
	// told apart by the story's directory: stories play side by side
	return fmt.Sprintf("mm%d%s-%s", os.Getpid(), filepath.Base(ts.Getenv("WORK")), name)
}

// found makes a namespace, which is gone with the story, unless it is there.
func found(ts *testscript.TestScript, name string) {
	ns, all := space(ts, name), storyOf(ts)
	if all.spaces[name] {
		return
	}
	ts.Check(ts.Exec("ip", "netns", "add", ns))
	all.spaces[name] = true
	names := filepath.Join("/etc/netns", ns)
	ts.Defer(func() {
		exec.Command("ip", "netns", "del", ns).Run()
		os.RemoveAll(names)
		os.Remove(filepath.Dir(names)) // if it is empty
	})
	ts.Check(os.MkdirAll(names, 0o755))
	ts.Check(ts.Exec("ip", "-n", ns, "link", "set", "lo", "up"))
}

// lan NAME: a network that hosts can be in.
func lan(ts *testscript.TestScript, _ bool, args []string) {
	found(ts, args[0])
	ts.Check(ts.Exec("ip", "-n", space(ts, args[0]), "link", "add", "name", "bridge", "up",
		"type", "bridge"))
}

// host NAME LAN ADDRESS/BITS...: a host in a lan. One that is in another lan already is in both.
func host(ts *testscript.TestScript, _ bool, args []string) {
	name, to := args[0], args[1]
	found(ts, name)
	cable(ts, name, to, to)
	for _, addr := range args[2:] {
		ts.Check(ts.Exec("ip", "-n", space(ts, name), "addr", "add", addr, "dev", to, "nodad"))
	}
}

// trunk LAN LAN: joins them into one.
func trunk(ts *testscript.TestScript, _ bool, args []string) {
	cable(ts, args[0], args[1], "trunk")
	ts.Check(ts.Exec("ip", "-n", space(ts, args[0]), "link", "set", "trunk", "master", "bridge"))
}

// cable leads from a host, where it is the device dev, to the bridge of a lan.
func cable(ts *testscript.TestScript, from, to, dev string) {
	ts.Check(ts.Exec("ip", "-n", space(ts, from), "link", "add", "name", dev, "up", "type", "veth",
		"peer", "name", from, "netns", space(ts, to)))
	ts.Check(ts.Exec("ip", "-n", space(ts, to), "link", "set", from, "up", "master", "bridge"))
}

// names FILE: what stands in it is what /etc/hosts says on all hosts that there are.
func names(ts *testscript.TestScript, _ bool, args []string) {
	text := ts.ReadFile(args[0])
	for name := range storyOf(ts).spaces {
		ts.Check(os.WriteFile(filepath.Join("/etc/netns", space(ts, name), "hosts"), []byte(text),
			0o644))
	}
}

// at HOST start NAME PROGRAM [ARG]... | at HOST exec PROGRAM [ARG]... | at HOST until [-t DUR]
// [-out REGEXP] PROGRAM [ARG]...: there, what `start`, `exec` and `until` do here. What asks a
// daemon or a file needs no `at`: hosts share the disk.
func at(ts *testscript.TestScript, neg bool, args []string) {
	there := []string{"ip", "netns", "exec", space(ts, args[0])}
	switch args[1] {
	case "start":
		start(ts, neg, append([]string{args[2]}, append(there, args[3:]...)...))
	case "exec":
		err := ts.Exec(there[0], append(there[1:], args[2:]...)...)
		if neg && err == nil {
			ts.Fatalf("%s succeeded on %s", strings.Join(args[2:], " "), args[0])
		} else if !neg {
			ts.Check(err)
		}
	case "until":
		words := args[2:]
		for len(words) > 2 && strings.HasPrefix(words[0], "-") {
			words = words[2:]
		}
		options := args[2 : len(args)-len(words)]
		until(ts, neg, slices.Concat(options, there, words))
	default:
		ts.Fatalf("usage: at HOST start|exec|until PROGRAM [ARG]...")
	}
}
