package cli

import (
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

// acting are the commands of which nobody reads more than a line: what they make or do is not what
// they print. All others are for reading.
var acting = strings.Fields(`
	init daemon-run daemon-stop passwd wipe backup-make backup-restore pin unpin export
	invite-revoke contact-alias contact-introduce contact-accept contact-decline contact-mute
	contact-block contact-rm contact-reset profile-set
	react delete circle-new circle-add circle-remove device-revoke device-object device-keep
	feed-publish feed-follow feed-unfollow photo-get photo-ask photo-show outbox-cancel
	network-new network-found network-verify network-admit network-evidence
	authority-init authority-run authority-admit authority-evict authority-succeed
	network-succeed
	mix-init mix-application mix-run provider-init provider-application provider-run
	provider-invite provider-databases
	feed-end guard-use mix-leave provider-leave
	demo completion man sim-init sim-report sim-merge
`)

// TestWhatIsReadHasJSON: scripts and other programs read what people read.
func TestWhatIsReadHasJSON(t *testing.T) {
	reading, known := 0, map[string]bool{}
	eachCommand(commands(), nil, func(words []string, c *cli.Command) {
		name := strings.Join(words, "-")
		known[name] = true
		if len(c.Subcommands) > 0 || slices.Contains(acting, name) {
			return
		}
		reading++
		if _, has := lookup(c.Flags, "--json"); !has {
			t.Errorf("murmur %s has no --json; or does it act?", strings.Join(words, " "))
		}
	})
	for _, name := range acting {
		if !known[name] {
			t.Errorf("%s is no command", name)
		}
	}
	if reading < 15 {
		t.Errorf("control: %d commands are for reading", reading)
	}
}
