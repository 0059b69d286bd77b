package scene

import (
	"testing"

	"jingwei/server/db/dbtest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }
