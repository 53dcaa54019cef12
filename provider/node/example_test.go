package node_test

import (
	"fmt"

	mixnode "murmuration/mix/node"
	"murmuration/provider/node"
)

// A provider is configured as a mix is, and says how many people may use it.
func ExampleConfig() {
	cfg := node.Config{Config: mixnode.Config{Listen: "127.0.0.1:9101"}, MaxClients: 2_000_000}
	fmt.Println(cfg.Validate())
	// Output: max_clients: 2000000 is more than the 1000000 that one provider can have
}
