package daystore

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
)

// badgerLog hands Badger's warnings and errors to slog and drops the rest. Badger names files and
// keys in them, never a box's content, and its keys are HMACs here.
type badgerLog struct {
	log    *slog.Logger
	unsync atomic.Bool // Badger could not fsync its value log, which it tells nobody but its logger
}

func (b *badgerLog) Errorf(format string, args ...any) {
	if strings.Contains(format, "curlf sync") {
		b.unsync.Store(true)
	}
	b.say(slog.LevelError, format, args)
}

func (b *badgerLog) Warningf(format string, args ...any) { b.say(slog.LevelWarn, format, args) }
func (b *badgerLog) Infof(string, ...any)                {}
func (b *badgerLog) Debugf(string, ...any)               {}

func (b *badgerLog) say(level slog.Level, format string, args []any) {
	b.log.Log(context.Background(), level,
		"badger: "+strings.TrimSpace(fmt.Sprintf(format, args...)))
}
