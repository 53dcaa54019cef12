package provider

import (
	"context"
	"errors"
	"time"

	"murmuration/mix"
)

// work is one executor: it ends with ctx.
func (s *Server) work(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case job := <-s.jobs:
			s.execute(job)
		}
	}
}

// execute does one job and gives the edge its reply.
func (s *Server) execute(job Job) {
	reply, err := s.keeper.Answer(time.Now(), job.Payload)
	reason := mix.BadRequest
	if err != nil && !errors.Is(err, errNoAnswer) {
		reason = mix.StoreFailed
		s.cfg.Log.Error("a request could not be executed", "error", err)
	}
	s.machine.Engine.Do(func(now time.Time) {
		if err != nil {
			s.edge.Abandon(job.ID)
		} else {
			reason = s.edge.Executed(now, job.ID, reply)
		}
	})
	if reason != mix.Accepted {
		s.machine.Counts.Drop(reason)
	}
}
