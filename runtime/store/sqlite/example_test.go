package sqlite_test

import (
	"context"
	"database/sql"
	"fmt"
	"log"
	"os"
	"path/filepath"

	_ "modernc.org/sqlite" // or another driver

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store/sqlite"
)

func ExampleOpen() {
	ctx := context.Background()
	folder, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)

	db, err := sql.Open("sqlite", filepath.Join(folder, "app.db"))
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	sagas, err := sqlite.Open(ctx, db) // the Store of a sec.Config
	if err != nil {
		log.Fatal(err)
	}
	stuck, err := sagas.List(ctx, saga.Query{States: []saga.State{saga.StateStuck}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(stuck), "sagas are stuck")
	// Output: 0 sagas are stuck
}
