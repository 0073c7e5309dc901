from heapq import heappop as heappop
from heapq import heappush as heappush
from heapq import heapreplace as heapreplace
