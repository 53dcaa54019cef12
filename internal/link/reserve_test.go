package link

import (
	"context"
	"errors"
	"testing"
)

func TestReservedAddressIsTakenOverOnce(t *testing.T) {
	r, err := Reserve("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Reserve(r.Addr()); err == nil {
		t.Fatal("control: a reserved address was bound twice")
	}
	transport, err := NewTLS(Config{FrameSize: func(Kind) int { return 64 }, Identity: Seed{1},
		Reserved: r})
	if err != nil {
		t.Fatal(err)
	}
	first, err := transport.Listen(r.Addr())
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(r.Close(), first.Close()); err != nil {
		t.Fatal(err)
	}
	again, err := transport.Listen(r.Addr()) // a restart in the same process binds anew
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := again.Accept(ctx); errors.Is(err, errClosed) {
		t.Error("the second listener is the dead first one")
	}
}
