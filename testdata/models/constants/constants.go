// Package constants has constants of all kinds.
package constants

import _ "time"

// Order asks for a parcel.
//
//saga:dag order
//saga:append region speed sizes zone day
//saga:append pack
//saga:constant region value=Region
//saga:constant speed value=speed
//saga:constant sizes value=sizes
//saga:constant zone value="Zone"
//saga:constant day value=time.Monday
type Order struct{ Item string }

// Region is an untyped constant, so its type is string.
const Region = "north"

// Zone is a typed constant.
const Zone Area = 3

// Area is the number of an area.
type Area int

var speed = 2.5

func sizes() []int { return []int{1, 2} }

//saga:do pack noundo
func pack(region string, speed float64, sizes []int, zone Area) error { return nil }
