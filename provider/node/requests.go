package node

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"

	"murmuration/internal/node"
	"murmuration/internal/transit"
	"murmuration/provider"
)

// executors is how many requests are in work at one time. Each waits for a group fsync, so there
// must be many of them for the groups to be large.
const executors = 128

// requests executes the edge's jobs on the box service.
type requests struct {
	node    *node.Node
	edge    *provider.Edge
	service *provider.Service
	jobs    <-chan provider.Job
	trouble *complaints
}

// run has all executors, and ends with ctx.
func (r *requests) run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for range executors {
		group.Go(func() error { return r.work(ctx) })
	}
	return group.Wait()
}

// work is one executor; it ends with ctx.
func (r *requests) work(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case job := <-r.jobs:
			r.finish(job, r.execute(job))
		}
	}
}

// execute does one job and gives the edge its reply. It says why there is none.
func (r *requests) execute(job provider.Job) transit.Reason {
	now := time.Now()
	if !job.Worth(now) {
		return provider.LateReply
	}
	reply, err := r.service.Answer(now, job.Payload)
	switch {
	case errors.Is(err, provider.ErrNoAnswer):
		return provider.BadRequest
	case err != nil:
		r.trouble.tell("a box request could not be executed and has no reply: is the disk sound?",
			err)
		return provider.StoreFailed
	}
	reason := transit.Accepted
	r.node.Do(func(now time.Time) { reason = r.edge.Executed(now, job.ID, reply) })
	return reason
}

// finish counts a job that has no reply, and forgets it.
func (r *requests) finish(job provider.Job, reason transit.Reason) {
	if reason == transit.Accepted {
		return
	}
	r.node.Counts.Drop(reason)
	r.node.Do(func(time.Time) { r.edge.Abandon(job.ID) })
}
