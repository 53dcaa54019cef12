package authority

import "murmuration/internal/node/metrics"

// Gauges are what an authority shows of itself on a metrics page.
func (a *Authority) Gauges() []metrics.Metric {
	return []metrics.Metric{{
		Name: "murmur_council_waiting", Kind: metrics.State,
		Help: "Votes and signatures that other authorities have not heard yet.",
		Value: func() float64 {
			waiting := 0
			for _, o := range a.others {
				waiting += o.waiting()
			}
			return float64(waiting)
		},
	}, {
		Name: "murmur_council_refused_total", Kind: metrics.Count,
		Help:  "Votes and signatures of other authorities that did not count.",
		Value: func() float64 { return float64(a.refused.Load()) },
	}, {
		Name: "murmur_document_signatures", Kind: metrics.State,
		Help: "Signatures on the newest network document that is here.",
		Value: func() float64 {
			doc := a.Documents.Latest()
			if doc == nil {
				return 0
			}
			return float64(len(doc.Signatures))
		},
	}}
}
