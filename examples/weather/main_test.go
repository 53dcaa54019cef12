package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"murmuration/examples/daemon"
	"murmuration/examples/daemon/daemontest"
)

// TestWeatherIsPostedWhenItChanges: what the file says, once each time it changes; that there is no
// file is an error, and nothing is posted.
func TestWeatherIsPostedWhenItChanges(t *testing.T) {
	file := filepath.Join(t.TempDir(), "weather")
	daemontest.Run(t, daemontest.Home(t), func(socket string) {
		d := daemon.At(socket)
		if err := report(t.Context(), d, file); err == nil {
			t.Error("a file that is none is no error")
		}
		for _, says := range []string{"☁ 7 °C\n", "☁ 7 °C", "☀ 9 °C\n", "☁ 7 °C\n", ""} {
			if err := os.WriteFile(file, []byte(says), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := report(t.Context(), d, file); err != nil {
				t.Fatal(err)
			}
		}
		own, err := d.Own(t.Context())
		slices.Reverse(own)
		if got := strings.Join(own, ", "); err != nil || got != "☁ 7 °C, ☀ 9 °C, ☁ 7 °C" {
			t.Errorf("%q, %v", got, err)
		}
	})
	if err := daemon.At(socketOfNobody(t)).Post(t.Context(), "x"); err == nil ||
		!strings.Contains(err.Error(), "daemon run") {
		t.Errorf("without a daemon: %v", err)
	}
}

func socketOfNobody(t *testing.T) string { return filepath.Join(t.TempDir(), "s") }
