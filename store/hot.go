package store

// maxHot bounds how many things are known by heart. Over it all are read anew.
const maxHot = 64

// Hot returns what Updates know by heart under a key: what the last one left
// there, or else what load returns. It belongs to this Update, which may change
// it together with the rows that it stands for; if the Update fails it is
// forgotten. A View knows nothing by heart: it gets nil.
func (tx *Tx) Hot(key string, load func() any) any {
	if tx.batch == nil {
		return nil
	}
	v, ok := tx.hot[key]
	if !ok {
		if v, ok = tx.warm[key]; ok {
			delete(tx.warm, key) // until this Update has succeeded
		} else {
			v = load()
		}
		tx.keep(key, v)
	}
	return v
}

func (tx *Tx) keep(key string, v any) {
	if tx.hot == nil {
		tx.hot = map[string]any{}
	}
	tx.hot[key] = v
}

// Forget has the next Hot read anew: what is known by heart may be half changed.
func (tx *Tx) Forget(key string) {
	delete(tx.hot, key)
	delete(tx.warm, key)
}

// remember leaves what an Update that was applied knew to the next one.
func (db *DB) remember(tx *Tx) {
	if len(db.hot)+len(tx.hot) > maxHot {
		clear(db.hot)
	}
	for k, v := range tx.hot {
		db.hot[k] = v
	}
}
