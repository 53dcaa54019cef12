package result

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"murmuration/sim/level"
	"murmuration/sim/stat"
)

// metricColumns are those of metrics.csv inside an archive, and the last ones of summary.csv.
var metricColumns = []string{"metric", "unit", "value", "sd", "stderr", "lo", "hi", "n", "method"}

func metricRecord(m stat.Metric) []string {
	return []string{
		m.Name, m.Unit, number(m.Value), number(m.SD), number(m.StdErr), number(m.Lo), number(m.Hi),
		strconv.Itoa(m.N), m.Method,
	}
}

func parseMetric(r []string) (stat.Metric, error) {
	m := stat.Metric{Name: r[0], Unit: r[1], Method: r[8]}
	var errs []error
	for i, to := range []*float64{&m.Value, &m.SD, &m.StdErr, &m.Lo, &m.Hi} {
		v, err := strconv.ParseFloat(r[2+i], 64)
		*to, errs = v, append(errs, err)
	}
	n, err := strconv.Atoi(r[7])
	m.N = n
	return m, errors.Join(append(errs, err)...)
}

// number prints the shortest decimal that reads back as the same float64.
func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// archive writes a replication as an .npz that numpy.load opens: a zip of one float64 .npy per
// sample, and metrics.csv. The same replication gives the same bytes.
func archive(r level.Replication) ([]byte, error) {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	var table bytes.Buffer
	c := csv.NewWriter(&table)
	records := [][]string{metricColumns}
	for _, m := range r.Metrics {
		records = append(records, metricRecord(m))
	}
	if err := c.WriteAll(records); err != nil {
		return nil, err
	}
	if err := member(z, "metrics.csv", table.Bytes()); err != nil {
		return nil, err
	}
	for _, s := range r.Samples {
		if err := member(z, s.Name+".npy", npy(s.Values)); err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func member(z *zip.Writer, name string, content []byte) error {
	w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate})
	if err != nil {
		return err
	}
	_, err = w.Write(content)
	return err
}

// maxMember bounds what one member of an archive may unpack to: 128 million samples.
const maxMember = 1 << 30

// parseArchive reads what archive wrote.
func parseArchive(b []byte) (r level.Replication, err error) {
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return r, err
	}
	for _, f := range z.File {
		content, err := readMember(f)
		if err != nil {
			return r, fmt.Errorf("reading %s: %w", f.Name, err)
		}
		if f.Name == "metrics.csv" {
			r.Metrics, err = parseMetrics(content)
		} else {
			var values []float64
			values, err = parseNpy(content)
			r.Samples = append(r.Samples,
				level.Sample{Name: strings.TrimSuffix(f.Name, ".npy"), Values: values})
		}
		if err != nil {
			return r, fmt.Errorf("reading %s: %w", f.Name, err)
		}
	}
	if r.Metrics == nil {
		return r, errors.New("no metrics.csv inside")
	}
	return r, nil
}

func readMember(f *zip.File) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	content, err := io.ReadAll(io.LimitReader(r, maxMember+1))
	if err == nil && len(content) > maxMember {
		err = fmt.Errorf("more than %d bytes", maxMember)
	}
	return content, err
}

func parseMetrics(b []byte) ([]stat.Metric, error) {
	records, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
	if err != nil {
		return nil, err
	}
	if len(records) == 0 || !slices.Equal(records[0], metricColumns) {
		return nil, fmt.Errorf("its columns are not %s", strings.Join(metricColumns, ","))
	}
	metrics := make([]stat.Metric, 0, len(records)-1)
	for _, r := range records[1:] {
		m, err := parseMetric(r)
		if err != nil {
			return nil, err
		}
		metrics = append(metrics, m)
	}
	return metrics, nil
}
