package postgres_test

import (
	"context"
	"fmt"
	"log"

	"github.com/jackc/pgx/v5/pgxpool"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store/postgres"
)

func ExampleOpen() {
	ctx := context.Background()
	pool, err := pgxpool.New(ctx, "postgres://app@db.example.com/app?target_session_attrs=read-write")
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()
	sagas, err := postgres.Open(ctx, pool, postgres.Config{Schema: "sagas"}) // the Store of a sec.Config
	if err != nil {
		log.Fatal(err)
	}
	stuck, err := sagas.List(ctx, saga.Query{States: []saga.State{saga.StateStuck}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(stuck), "sagas are stuck")
}

func ExampleMigrations() {
	for _, text := range postgres.Migrations("sagas") {
		fmt.Println("BEGIN;\n" + text + "COMMIT;")
	}
}
