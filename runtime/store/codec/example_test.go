package codec_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"log"
	"strings"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/sec"
	"github.com/sagagen/sagagen/runtime/store"
	"github.com/sagagen/sagagen/runtime/store/codec"
)

// A saga runs on a store that contains no plain data.
func Example() {
	ctx := context.Background()
	key := make([]byte, 32) // from your key service
	if _, err := rand.Read(key); err != nil {
		log.Fatal(err)
	}
	keys, err := codec.NewKeyring(codec.Keys{
		Current: "2026",
		Known:   map[string]saga.Secret[[]byte]{"2026": saga.NewSecret(key)},
	})
	if err != nil {
		log.Fatal(err)
	}
	database := store.NewMemory() // or SQLite, PostgreSQL, or your own store
	encrypted, err := codec.New(database, codec.Config{Codec: keys})
	if err != nil {
		log.Fatal(err)
	}

	registry := saga.NewRegistry()
	registry.Register(nil, saga.NewActionFunc("charge",
		func(ctx saga.ActionContext) (string, error) { return "receipt of card 4111", nil }, nil))
	coordinator, err := sec.New(sec.Config{Store: encrypted, Registry: registry})
	if err != nil {
		log.Fatal(err)
	}
	if err := coordinator.Start(); err != nil {
		log.Fatal(err)
	}
	defer coordinator.Stop(ctx)
	shop := saga.NewDAGBuilder("shop").Append(saga.ActionNode("pay", "Charge", "charge")).MustBuild()
	dag, err := saga.NewSagaDAG(shop, "4111")
	if err != nil {
		log.Fatal(err)
	}
	id := saga.NewID()
	if err := coordinator.CreateAndStart(ctx, id, dag); err != nil {
		log.Fatal(err)
	}
	outputs, err := coordinator.Wait(ctx, id)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(outputs.Saga()))

	record, err := database.Load(ctx, id)
	if err != nil {
		log.Fatal(err)
	}
	events, err := database.Events(ctx, id, 0, 0)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(record.Name, record.State, strings.Contains(string(record.DAG), "4111"))
	for _, e := range events {
		fmt.Println(e.Kind, strings.Contains(string(e.Payload), "4111"))
	}
	// Output:
	// "receipt of card 4111"
	// shop succeeded false
	// started false
	// succeeded false
}
