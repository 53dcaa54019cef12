package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"murmuration/internal/long"
	"murmuration/internal/script"
)

// TestHosts plays testdata/hosts, in which every process is on a host with addresses of its own:
// `just namespaces`.
func TestHosts(t *testing.T) {
	if !long.Set("MURMUR_NAMESPACES") {
		t.Skip("needs root on Linux: just namespaces (MURMUR_NAMESPACES=1)")
	}
	if err := script.Hosts(); err != nil {
		t.Fatal("this computer cannot have several hosts: ", err)
	}
	script.Run(t, filepath.Join("testdata", "hosts"), murmur)
}

// reaches is a program of stories: it ends with 0 if something takes connections at the address
// that is its argument.
func reaches() {
	c, err := net.DialTimeout("tcp", os.Args[1], 2*time.Second)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	c.Close()
}
