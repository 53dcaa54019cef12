package provider

import (
	"context"
	"errors"
	"time"

	"murmuration/internal/transit"
)

// work is one executor: it ends with ctx.
func (s *Server) work(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case job := <-s.jobs:
			s.finish(job, s.execute(job))
		}
	}
}

// execute does one job and gives the edge its reply. It says why there is none.
func (s *Server) execute(job Job) transit.Reason {
	now := time.Now()
	if !job.Worth(now) {
		return LateReply
	}
	reply, err := s.keeper.Answer(now, job.Payload)
	switch {
	case errors.Is(err, errNoAnswer):
		return BadRequest
	case err != nil:
		s.complain("a request could not be executed", err)
		return StoreFailed
	}
	reason := transit.Accepted
	s.node.Do(func(now time.Time) { reason = s.edge.Executed(now, job.ID, reply) })
	return reason
}

// finish counts a job that has no reply, and forgets it.
func (s *Server) finish(job Job, reason transit.Reason) {
	if reason == transit.Accepted {
		return
	}
	s.chassis.Counts.Drop(reason)
	s.node.Do(func(time.Time) { s.edge.Abandon(job.ID) })
}

// complain logs what the store cannot do, not again while nothing else goes wrong: a broken disk fails at
// every request.
func (s *Server) complain(what string, err error) {
	text := what + err.Error()
	if old := s.trouble.Swap(&text); old == nil || *old != text {
		s.cfg.Log.Error(what, "error", err)
	}
}
