package cli

import (
	"strings"

	"github.com/urfave/cli/v2"
)

// examples are lines that somebody may paste, of every command that does something, as its help
// shows them. They stand together so that they speak alike, and each is parsed by a test.
var examples = map[string][]string{
	"demo":       {"murmur demo", "murmur demo --stop-layer 2"},
	"completion": {"source <(murmur completion bash)", "murmur completion fish > murmur.fish"},
	"man":        {"murmur man ~/.local/share/man/man1"},

	"init": {
		"murmur init --network genesis --name Ada",
		"murmur init --network genesis --name Ada --home ~/second --passphrase-file words",
	},
	"daemon run":    {"murmur daemon run", "murmur daemon run --verbose 2>>murmur.log &"},
	"daemon stop":   {"murmur daemon stop"},
	"doctor":        {"murmur doctor"},
	"whoami":        {"murmur whoami"},
	"events":        {"murmur events", "murmur events --json"},
	"status":        {"murmur status", "murmur status --watch"},
	"invite new":    {"murmur invite new --for ben", "murmur invite new --qr --ttl 48h"},
	"invite accept": {"murmur invite accept -", "murmur invite accept - --as ada < ticket"},
	"invite list":   {"murmur invite list"},
	"invite revoke": {"murmur invite revoke 4f2a"},

	"contact list":      {"murmur contact list"},
	"contact show":      {"murmur contact show ben", "murmur contact show ben -o ben.jpg"},
	"contact alias":     {"murmur contact alias ben 'Ben from work'"},
	"contact verify":    {"murmur contact verify ben"},
	"contact introduce": {"murmur contact introduce ben cleo"},
	"contact requests":  {"murmur contact requests"},
	"contact accept":    {"murmur contact accept 4f2a --as cleo"},
	"contact decline":   {"murmur contact decline 4f2a"},
	"contact mute":      {"murmur contact mute ben", "murmur contact mute ben --off"},
	"contact block":     {"murmur contact block ben"},
	"contact reset":     {"murmur contact reset ben"},
	"contact rm":        {"murmur contact rm ben"},
	"device link":       {"murmur device link", "murmur device link --qr"},
	"device list":       {"murmur device list", "murmur device list ben --json"},
	"device revoke":     {"murmur device revoke 4f2a91c0", "murmur device revoke others"},
	"device object":     {"murmur device object"},
	"device keep":       {"murmur device keep ben 4f2a91c0"},
	"profile show":      {"murmur profile show"},
	"profile set":       {"murmur profile set --name Ada"},

	"post": {
		"murmur post", "murmur post --edit --photo cat.jpg --alt 'a cat on a wall'",
		"murmur post --circle friends --expire 30d", "murmur post --reply abcdefgh",
		"murmur post --wait 10m - < letter.txt",
	},
	"show":   {"murmur show abcdefgh", "murmur show abcdefgh --thread"},
	"react":  {"murmur react abcdefgh ❤", "murmur react abcdefgh --vote 2"},
	"delete": {"murmur delete abcdefgh"},
	"dm": {"murmur dm ben", "murmur dm ben --edit --expire 7d",
		"murmur dm ben - < letter.txt"},
	"read":     {"murmur read ben", "murmur read ben -f"},
	"inbox":    {"murmur inbox", "murmur inbox -f"},
	"app list": {"murmur app list", "murmur app list ben --json"},
	"app show": {"murmur app show abcdefgh", "murmur app show abcdefgh --qr"},
	"app run game": {"murmur app run game ben 4", "murmur app run game ben",
		"murmur app run game ben 4 --new"},
	"app run pay": {
		"murmur app run pay ben 0.0015 bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4 --for 'the tent'",
		"murmur app run pay ben --qr", "murmur app run pay ben paid",
	},
	"circle list":   {"murmur circle list"},
	"circle new":    {"murmur circle new friends"},
	"circle add":    {"murmur circle add friends ben"},
	"circle remove": {"murmur circle remove friends ben"},
	"circle show":   {"murmur circle show friends"},
	"export":        {"murmur export ~/murmur-pages", "murmur export --format jsonl out"},
	"search":        {"murmur search crow night", "murmur search 'cro' -n 5 --json"},
	"quota":         {"murmur quota", "murmur quota --size 2GiB --days 365"},
	"pin":           {"murmur pin k2f7qx"},
	"unpin":         {"murmur unpin k2f7qx"},
	"timeline": {"murmur timeline", "murmur timeline -f", "murmur timeline -n 50 --json",
		"murmur timeline --circle friends --unread"},
	"outbox":        {"murmur outbox"},
	"outbox list":   {"murmur outbox list --json"},
	"outbox show":   {"murmur outbox show abcdefgh"},
	"outbox cancel": {"murmur outbox cancel abcdefgh"},
	"photo ask":     {"murmur photo ask abcdefgh"},
	"photo get":     {"murmur photo get abcdefgh -o cat.jpg", "murmur photo get abcdefgh -n 2"},
	"photo show":    {"murmur photo show abcdefgh"},
	"photo check":   {"murmur photo check cat.jpg"},
	"feed publish":  {"murmur feed publish > link"},
	"feed end":      {"murmur feed end"},
	"feed follow":   {"murmur feed follow - --name ada < link"},
	"feed unfollow": {"murmur feed unfollow 2"},
	"feed list":     {"murmur feed list"},

	"network show":     {"murmur network show"},
	"network budget":   {"murmur network budget"},
	"mix status":       {"murmur mix status --home mix"},
	"mix doctor":       {"murmur mix doctor --home mix"},
	"mix leave":        {"murmur mix leave --home mix", "murmur mix leave --home mix --stay"},
	"provider status":  {"murmur provider status --home provider --json"},
	"provider doctor":  {"murmur provider doctor --home provider"},
	"provider leave":   {"murmur provider leave --home provider"},
	"guard show":       {"murmur guard show"},
	"guard use":        {"murmur guard use provider-2"},
	"network findings": {"murmur network findings --save evidence"},
	"network new": {
		"murmur network new net", "murmur network new net --providers 4 --width 3 --preset fast",
	},
	"network found": {
		"murmur network found flock.founding --label flock --founders 4 --home ada --name ada " +
			"--address ada.example.org:9101 --mix ada.example.org:9102",
		"murmur network found flock.founding --home ben --name ben --address '[2001:db8::7]:9101'",
		"murmur network found flock.founding copy-of-ben copy-of-cleo --home ada",
	},
	"network verify":   {"murmur network verify net"},
	"network admit":    {"murmur network admit --home net/provider-1 application"},
	"network evidence": {"murmur network evidence --network genesis evidence"},
	"mix init": {
		"murmur mix init --home mix --network genesis --name heron --listen 0.0.0.0:4100 " +
			"--address heron.example.org:4100",
	},
	"provider init": {
		"murmur provider init --home provider --network genesis --name shelter " +
			"--listen 0.0.0.0:4200 --address shelter.example.org:4200",
	},
	"mix application":      {"murmur mix application --home ada/mix-1"},
	"provider application": {"murmur provider application --home ada/provider"},
	"authority init": {
		"murmur authority init --home council --address council.example.org:9301",
	},
	"authority succeed": {
		"murmur authority succeed next --home ada/provider --without dan --since 900 " +
			"--with eve=IDENTITY@eve.example.org:9101",
		"murmur authority succeed next --home ben/provider",
	},
	"network succeed":    {"murmur network succeed next --home ~/murmur"},
	"authority run":      {"murmur authority run --home council"},
	"authority status":   {"murmur authority status --home net/provider-1"},
	"authority doctor":   {"murmur authority doctor --home dan/authority"},
	"authority admit":    {"murmur authority admit --home net/provider-1 application"},
	"authority list":     {"murmur authority list --home net/provider-1"},
	"authority evict":    {"murmur authority evict --home net/provider-1 heron"},
	"mix run":            {"murmur mix run --home mix"},
	"provider run":       {"murmur provider run --home net/provider-1"},
	"provider databases": {"murmur provider databases --home net/provider-1"},
	"provider invite":    {"murmur provider invite --home net/provider-1 --count 5"},

	"sim init":   {"murmur sim init mine.toml", "murmur sim init --list"},
	"sim check":  {"murmur sim check mine.toml"},
	"sim run":    {"murmur sim run small-community.toml --out results"},
	"sim sweep":  {"murmur sim sweep mine.toml --shard 0/4 --out part-0"},
	"sim merge":  {"murmur sim merge --out whole part-0 part-1 part-2 part-3"},
	"sim report": {"murmur sim report results -o page.html"},
	"sim verify": {"murmur sim verify --short"},
	"sim diff":   {"murmur sim diff before after"},
	"sim replay": {"murmur sim replay mine.toml --cell 2 --results results"},
	"sim bench":  {"murmur sim bench"},
}

// shown ends the description of each command with its examples.
func shown(list []*cli.Command, above []string) []*cli.Command {
	for _, c := range list {
		path := append(above[:len(above):len(above)], c.Name)
		if lines := examples[strings.Join(path, " ")]; len(lines) > 0 {
			if c.Description != "" {
				c.Description += "\n\n"
			}
			c.Description += "Examples:\n   " + strings.Join(lines, "\n   ")
		}
		shown(c.Subcommands, path)
	}
	return list
}
