# plugins/http: see the top of Makefile.am
