package scenario

import "strings"

// set puts a value at a dotted path, making the tables on the way.
func set(doc map[string]any, dotted string, value any) {
	table, key, deeper := strings.Cut(dotted, ".")
	if !deeper {
		doc[dotted] = value
		return
	}
	inner, ok := doc[table].(map[string]any)
	if !ok {
		inner = map[string]any{}
		doc[table] = inner
	}
	set(inner, key, value)
}

// get returns the value at a dotted path.
func get(doc map[string]any, dotted string) (any, bool) {
	table, key, deeper := strings.Cut(dotted, ".")
	v, ok := doc[table]
	if !deeper || !ok {
		return v, ok
	}
	inner, ok := v.(map[string]any)
	if !ok {
		return nil, false
	}
	return get(inner, key)
}

// over returns low with all that high says laid over it; neither is changed.
func over(low, high map[string]any) map[string]any {
	out := make(map[string]any, len(low)+len(high))
	for k, v := range low {
		if inner, ok := v.(map[string]any); ok {
			v = over(inner, nil)
		}
		out[k] = v
	}
	for k, v := range high {
		inner, ok := v.(map[string]any)
		if !ok {
			out[k] = v
			continue
		}
		below, _ := out[k].(map[string]any)
		out[k] = over(below, inner)
	}
	return out
}
