package snap

import "encoding/json"

// writeAnswers writes an answer for each point as BatchAnswer looks in JSON. encoding/json took half the time of a batch.
func writeAnswers(results []Result, errs map[int]string, lines bool) []byte {
	out := make([]byte, 0, 160*len(results)+2)
	if !lines {
		out = append(out, '[')
	}
	for i := range results {
		if !lines && i > 0 {
			out = append(out, ',')
		}
		if reason, ok := errs[i]; ok {
			out = append(out, `{"error":`...)
			out = appendText(out, reason)
		} else {
			out = appendAnswer(out, &results[i])
		}
		out = append(out, '}')
		if lines {
			out = append(out, '\n')
		}
	}
	if !lines {
		out = append(out, ']')
	}
	return out
}

func appendAnswer(out []byte, r *Result) []byte {
	out = append(out, `{"status":`...)
	out = appendText(out, string(r.Status))
	if n := len(r.Codes); n > 0 {
		out = append(out, `,"area":`...)
		out = appendText(out, r.Codes[n-1])
		between := `,"areas":[`
		for _, code := range r.Codes {
			out = append(out, between...)
			out = appendText(out, code)
			between = ","
		}
		out = append(out, ']')
	}
	if r.Branch != nil && r.Branch.Code != "" {
		out = append(out, `,"branch":`...)
		out = appendText(out, r.Branch.Code)
	}
	return out
}

// appendText appends a string as JSON.
func appendText(out []byte, text string) []byte {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			escaped, _ := json.Marshal(text) // a string never fails
			return append(out, escaped...)
		}
	}
	out = append(out, '"')
	out = append(out, text...)
	return append(out, '"')
}
