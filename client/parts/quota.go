package parts

import (
	"murmuration/client/quota"
)

// wireQuota is New for what goes when there is too much.
func (p *Person) wireQuota(cfg Config) {
	p.Quota = quota.New(p.Person, quota.Config{
		Store: cfg.Store, Timeline: p.timeline, Erase: p.Reading.Erase,
	})
}
