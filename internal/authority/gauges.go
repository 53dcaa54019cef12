package authority

import "murmuration/internal/node/metrics"

// Gauges are what an authority shows of itself on a metrics page.
func (a *Authority) Gauges() []metrics.Gauge {
	return []metrics.Gauge{{
		Name: "murmur_council_waiting",
		Help: "Votes and signatures that other authorities have not heard yet.",
		Value: func() float64 {
			waiting := 0
			for _, o := range a.others {
				waiting += o.waiting()
			}
			return float64(waiting)
		},
	}, {
		Name:  "murmur_council_refused",
		Help:  "Votes and signatures of other authorities that did not count.",
		Value: func() float64 { return float64(a.refused.Load()) },
	}, {
		Name: "murmur_document_signatures",
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
