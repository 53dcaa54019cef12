package node_test

import (
	"fmt"

	"murmuration/mix/node"
)

// What is wrong with a configuration is said before anything is opened, one line a key.
func ExampleConfig() {
	cfg := node.Config{Name: "my mix", Listen: "0.0.0.0:9101"}
	fmt.Println(cfg.Validate())
	// Output:
	// name: "my mix": only letters, digits, dot, hyphen and underscore
	// address: missing; "0.0.0.0:9101" is every address of this computer: give the host:port that others dial
}
