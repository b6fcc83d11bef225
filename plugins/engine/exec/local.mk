# plugins/engine/exec: see the top of Makefile.am
