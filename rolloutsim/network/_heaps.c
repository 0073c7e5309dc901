/*
 * heapq's functions for heaps of tuples whose first items are floats and ints, compared as such.
 *
 * Same steps, same comparisons as CPython's Modules/_heapqmodule.c, hence the same lists after each call; a comparison
 * takes a few instructions in place of the hundred of PyObject_RichCompare. Whatever else is compared is compared by it.
 */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

/* Whether one item is less than the other: 1 or 0, -1 with an exception; `*equal` tells that neither is. */
static inline int
item_less(PyObject *one, PyObject *other, int *equal)
{
    *equal = 0;
    if (PyFloat_CheckExact(one) && PyFloat_CheckExact(other)) {
        double a = PyFloat_AS_DOUBLE(one), b = PyFloat_AS_DOUBLE(other);
        *equal = a == b || one == other;
        return a < b;
    }
    if (PyLong_CheckExact(one) && PyLong_CheckExact(other)) {
        int above, below;
        long long a = PyLong_AsLongLongAndOverflow(one, &above), b = PyLong_AsLongLongAndOverflow(other, &below);
        if (!above && !below) {
            *equal = a == b;
            return a < b;
        }
    }
    *equal = PyObject_RichCompareBool(one, other, Py_EQ);
    return *equal ? (*equal < 0 ? -1 : 0) : PyObject_RichCompareBool(one, other, Py_LT);
}

/* The same of entries, item by item. */
static int
entry_less(PyObject *one, PyObject *other)
{
    if (!PyTuple_CheckExact(one) || !PyTuple_CheckExact(other)) {
        return PyObject_RichCompareBool(one, other, Py_LT);
    }
    Py_ssize_t shorter = Py_MIN(PyTuple_GET_SIZE(one), PyTuple_GET_SIZE(other));
    for (Py_ssize_t i = 0; i < shorter; i++) {
        int equal, less = item_less(PyTuple_GET_ITEM(one, i), PyTuple_GET_ITEM(other, i), &equal);
        if (!equal || less < 0) {
            return less;
        }
    }
    return PyTuple_GET_SIZE(one) < PyTuple_GET_SIZE(other);
}

/* Whether one entry comes before another: 1 or 0, -1 with an exception. */
static inline int
before(PyObject *one, PyObject *other)
{
    if (PyTuple_CheckExact(one) && PyTuple_CheckExact(other) && PyTuple_GET_SIZE(one) && PyTuple_GET_SIZE(other)) {
        PyObject *first = PyTuple_GET_ITEM(one, 0), *second = PyTuple_GET_ITEM(other, 0);
        if (PyFloat_CheckExact(first) && PyFloat_CheckExact(second)) {
            double a = PyFloat_AS_DOUBLE(first), b = PyFloat_AS_DOUBLE(second);
            if (a < b) {
                return 1;
            }
            if (a > b) {
                return 0;
            }
        }
    }
    /* Somebody's comparison may take them off the heap. */
    Py_INCREF(one);
    Py_INCREF(other);
    int less = entry_less(one, other);
    Py_DECREF(one);
    Py_DECREF(other);
    return less;
}

static PyObject *
changed_size(void)
{
    PyErr_SetString(PyExc_RuntimeError, "list changed size during iteration");
    return NULL;
}

/* Move the entry at `place` towards the root, at most to `root`, until none above comes after it; 0, or -1. */
static int
sift_towards_root(PyListObject *heap, Py_ssize_t root, Py_ssize_t place)
{
    Py_ssize_t size = PyList_GET_SIZE(heap);
    PyObject **entries = heap->ob_item;
    while (place > root) {
        Py_ssize_t parent = (place - 1) >> 1;
        int less = before(entries[place], entries[parent]);
        if (less < 0) {
            return -1;
        }
        if (size != PyList_GET_SIZE(heap)) { /* by somebody's comparison */
            changed_size();
            return -1;
        }
        if (!less) {
            break;
        }
        entries = heap->ob_item;
        PyObject *entry = entries[place];
        entries[place] = entries[parent];
        entries[parent] = entry;
        place = parent;
    }
    return 0;
}

/* Let the entry at the root sink to a leaf, by the earlier children, and rise from there to its place; 0, or -1. */
static int
sift_to_leaf(PyListObject *heap)
{
    Py_ssize_t size = PyList_GET_SIZE(heap), inner = size >> 1, place = 0;
    PyObject **entries = heap->ob_item;
    while (place < inner) {
        Py_ssize_t child = 2 * place + 1;
        if (child + 1 < size) {
            int less = before(entries[child], entries[child + 1]);
            if (less < 0) {
                return -1;
            }
            if (size != PyList_GET_SIZE(heap)) {
                changed_size();
                return -1;
            }
            entries = heap->ob_item;
            child += !less;
        }
        PyObject *entry = entries[child];
        entries[child] = entries[place];
        entries[place] = entry;
        place = child;
    }
    return sift_towards_root(heap, 0, place);
}

static PyListObject *
heap_of(const char *function, PyObject *const *arguments, Py_ssize_t given, Py_ssize_t wanted)
{
    if (given != wanted) {
        PyErr_Format(PyExc_TypeError, "%s takes %zd arguments, not %zd", function, wanted, given);
        return NULL;
    }
    if (!PyList_CheckExact(arguments[0])) {
        PyErr_Format(PyExc_TypeError, "%s: a heap is a list, not %R", function, arguments[0]);
        return NULL;
    }
    return (PyListObject *)arguments[0];
}

static PyObject *
heappush(PyObject *Py_UNUSED(module), PyObject *const *arguments, Py_ssize_t given)
{
    PyListObject *heap = heap_of("heappush", arguments, given, 2);
    if (heap == NULL || PyList_Append((PyObject *)heap, arguments[1]) < 0 ||
        sift_towards_root(heap, 0, PyList_GET_SIZE(heap) - 1) < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

/* Put an entry in place of the first, which is returned; takes the reference to it. */
static PyObject *
replace_first(PyListObject *heap, PyObject *entry)
{
    PyObject *first = PyList_GET_ITEM(heap, 0);
    PyList_SET_ITEM(heap, 0, entry);
    if (sift_to_leaf(heap) < 0) {
        Py_DECREF(first);
        return NULL;
    }
    return first;
}

static PyObject *
heappop(PyObject *Py_UNUSED(module), PyObject *const *arguments, Py_ssize_t given)
{
    PyListObject *heap = heap_of("heappop", arguments, given, 1);
    if (heap == NULL) {
        return NULL;
    }
    Py_ssize_t last = PyList_GET_SIZE(heap) - 1;
    if (last < 0) {
        PyErr_SetString(PyExc_IndexError, "index out of range");
        return NULL;
    }
    PyObject *entry = PyList_GET_ITEM(heap, last);
    if (last >= heap->allocated >> 1) {
        Py_SET_SIZE(heap, last); /* as CPython's list_resize does; the list's reference is ours */
    }
    else {
        Py_INCREF(entry);
        if (PyList_SetSlice((PyObject *)heap, last, last + 1, NULL) < 0) {
            Py_DECREF(entry);
            return NULL;
        }
    }
    return last == 0 ? entry : replace_first(heap, entry);
}

static PyObject *
heapreplace(PyObject *Py_UNUSED(module), PyObject *const *arguments, Py_ssize_t given)
{
    PyListObject *heap = heap_of("heapreplace", arguments, given, 2);
    if (heap == NULL) {
        return NULL;
    }
    if (PyList_GET_SIZE(heap) == 0) {
        PyErr_SetString(PyExc_IndexError, "index out of range");
        return NULL;
    }
    return replace_first(heap, Py_NewRef(arguments[1]));
}

static PyMethodDef functions[] = {
    {"heappush", (PyCFunction)(void (*)(void))heappush, METH_FASTCALL, "As heapq.heappush."},
    {"heappop", (PyCFunction)(void (*)(void))heappop, METH_FASTCALL, "As heapq.heappop."},
    {"heapreplace", (PyCFunction)(void (*)(void))heapreplace, METH_FASTCALL, "As heapq.heapreplace."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_heaps",
    .m_doc = "heapq's functions for heaps of tuples of floats and ints.",
    .m_size = 0,
    .m_methods = functions,
};

PyMODINIT_FUNC
PyInit__heaps(void)
{
    return PyModuleDef_Init(&definition);
}
