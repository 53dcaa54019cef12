// Package supervised tells a service manager (systemd) that a node is ready, that it still works,
// and that it ends. Without one (there is no NOTIFY_SOCKET) it does nothing.
//
// It must not decide what "works" means: whoever runs says it.
package supervised

import (
	"context"
	"fmt"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// Run runs something for a service manager. The manager hears READY=1 now, so that what the caller
// opened must be open; then, while `alive` returns, that it lives, three times in each interval in
// which the manager wants to hear it (sd_watchdog_enabled(3)); and STOPPING=1 once ctx is over.
// A manager that cannot be told is an error, because it would end what runs.
func Run(ctx context.Context, alive func(), run func(context.Context) error) error {
	if _, err := daemon.SdNotify(false, daemon.SdNotifyReady); err != nil {
		return fmt.Errorf("telling the service manager: %w", err)
	}
	interval, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		return fmt.Errorf("reading WATCHDOG_USEC: %w", err)
	}
	beating, stop := context.WithCancel(ctx)
	defer stop()
	if interval > 0 {
		go beat(beating, interval/3, alive, func() { notify(daemon.SdNotifyWatchdog) })
	}
	defer context.AfterFunc(ctx, func() { notify(daemon.SdNotifyStopping) })()
	return run(ctx)
}

// notify says something that the manager does not end anybody for not hearing once.
func notify(state string) { _, _ = daemon.SdNotify(false, state) }

// beat calls alive and then say, again and again until ctx ends. While alive does not return, and
// so a lock is held for ever, nothing is said.
func beat(ctx context.Context, every time.Duration, alive, say func()) {
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			if alive(); ctx.Err() == nil {
				say()
			}
		}
	}
}
