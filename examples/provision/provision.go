package main

import (
	"fmt"
	"os"

	saga "github.com/sagagen/sagagen/runtime"
)

//go:generate go run ../../cmd/sagagen

// Provision has the parameters of a virtual machine. The actions return made-up
// results, and check the results of the nodes before them.
//
//saga:dag vm-provision
//saga:constant server_alloc_params value=oneThing
//saga:subsaga server_alloc dag=server-alloc params=server_alloc_params
//saga:append instance_id=instance_create
//saga:append server_alloc_params
//saga:append instance_ip=vpc_alloc_ip volume_id=volume_create server_alloc
//saga:append instance_configure
//saga:append volume_attach
//saga:append instance_boot
//saga:append print
type Provision struct {
	InstanceName      string `json:"instance_name"`
	NumberOfInstances uint16 `json:"number_of_instances"`
}

// ServerAlloc has the parameters of a server. Its saga runs as a subsaga in the
// node server_alloc of Provision.
//
//saga:dag server-alloc
//saga:append server_id=server_pick
//saga:append server_reserve
type ServerAlloc struct {
	NumberOfThings uint32 `json:"number_of_things"`
}

// oneThing returns the parameters of the subsaga: the value of the constant
// node.
func oneThing() ServerAlloc { return ServerAlloc{NumberOfThings: 1} }

// Server is the server that was allocated.
type Server struct {
	ServerID uint64 `json:"server_id"`
}

// The made-up results of the actions.
const (
	theInstance uint64 = 1211
	theServer   uint64 = 1212
	theVolume   uint64 = 1213
	theIP              = "10.120.121.122"
)

//saga:do instance_create noundo label="InstanceCreate"
func instanceCreate(ctx saga.ActionContext, params Provision) (uint64, error) {
	fmt.Fprintf(os.Stderr, "running action: %s (instance name: %s)\n", ctx.Label(), params.InstanceName)
	return theInstance, nil
}

//saga:do vpc_alloc_ip noundo label="VpcAllocIp"
func vpcAllocIP(ctx saga.ActionContext, instanceID uint64) (string, error) {
	announce(ctx)
	return theIP, expect("instance id", instanceID, theInstance)
}

//saga:do volume_create noundo label="VolumeCreate"
func volumeCreate(ctx saga.ActionContext, instanceID uint64) (uint64, error) {
	announce(ctx)
	return theVolume, expect("instance id", instanceID, theInstance)
}

//saga:do server_pick noundo label="ServerPick"
func serverPick(ctx saga.ActionContext, params ServerAlloc) (uint64, error) {
	announce(ctx)
	return theServer, expect("number of things", params.NumberOfThings, 1)
}

//saga:do server_reserve noundo label="ServerReserve"
func serverReserve(ctx saga.ActionContext, params ServerAlloc, serverID uint64) (Server, error) {
	announce(ctx)
	if err := expect("number of things", params.NumberOfThings, 1); err != nil {
		return Server{}, err
	}
	return Server{ServerID: serverID}, expect("server id", serverID, theServer)
}

//saga:do instance_configure noundo label="InstanceConfigure"
func instanceConfigure(
	ctx saga.ActionContext, params Provision, instanceID uint64, serverAlloc Server, volumeID uint64,
) error {
	announce(ctx)
	if err := expect("number of instances", params.NumberOfInstances, 1); err != nil {
		return err
	}
	return expectAll(instanceID, serverAlloc, volumeID)
}

//saga:do volume_attach noundo label="VolumeAttach"
func volumeAttach(ctx saga.ActionContext, instanceID uint64, serverAlloc Server, volumeID uint64) error {
	announce(ctx)
	return expectAll(instanceID, serverAlloc, volumeID)
}

//saga:do instance_boot noundo label="InstanceBoot"
func instanceBoot(ctx saga.ActionContext, instanceID uint64, serverAlloc Server, volumeID uint64) error {
	announce(ctx)
	return expectAll(instanceID, serverAlloc, volumeID)
}

//saga:do print noundo label="Print"
func printAll(
	ctx saga.ActionContext, instanceID uint64, instanceIP string, volumeID uint64, serverAlloc Server,
) (string, error) {
	announce(ctx)
	fmt.Fprintf(os.Stderr,
		"printing final state:\n  instance id: %d\n  IP address: %s\n  volume id: %d\n  server id: %d\n",
		instanceID, instanceIP, volumeID, serverAlloc.ServerID)
	return "it worked", nil
}

func announce(ctx saga.ActionContext) {
	fmt.Fprintf(os.Stderr, "running action: %s\n", ctx.Label())
}

func expectAll(instanceID uint64, server Server, volumeID uint64) error {
	if err := expect("instance id", instanceID, theInstance); err != nil {
		return err
	}
	if err := expect("server id", server.ServerID, theServer); err != nil {
		return err
	}
	return expect("volume id", volumeID, theVolume)
}

func expect[T comparable](what string, got, want T) error {
	if got != want {
		return fmt.Errorf("%s is %v, want %v", what, got, want)
	}
	return nil
}
