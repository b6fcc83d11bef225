# plugins/network/host: see the top of Makefile.am
