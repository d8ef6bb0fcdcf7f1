"""What is known of products without a single sale: category, brand, price band and words of the name, as ones."""

import re

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from features.dataset import Dataset
from features.products import text_codes
from recsys.types import Rows

_WORD = re.compile(r"[^\W\d_]{2,}")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{2,}")
_N_BANDS = 8


def build_attributes(dataset: Dataset, n_most: int) -> sparse.csr_array:
    """
    Shape (n_products, n_attributes), CSR float32 of ones; empty rows where nothing is known.

    The *n_most* attributes that most products have, of those that at least two have: one that a single product has says
    nothing of another. Equal numbers by the order category, brand, band, word, then by name.
    """
    products = dataset.products
    blocks = [_one_hot(text_codes(products[name])[0]) for name in ("category", "brand")]
    blocks.append(_one_hot(_price_bands(dataset)))
    blocks.append(_words(products["name"].fill_null("").to_list()))
    attributes = sparse.csr_array(sparse.hstack(blocks, format="csr"))
    n_products = np.bincount(attributes.indices, minlength=attributes.shape[1])
    most = np.argsort(-n_products, kind="stable")[:n_most]
    return sparse.csr_array(attributes[:, np.sort(most[n_products[most] > 1])])


def words_of(name: str) -> set[str]:
    """
    Lower-case words of two letters or more; runs of Chinese, Japanese or Korean characters as pairs of neighbours.

    Example:
        >>> sorted(words_of("2 Red MUGS, 紅茶杯"))
        ['mugs', 'red', '紅茶', '茶杯']
    """
    text = name.lower()
    pairs = {run[place : place + 2] for run in _CJK.findall(text) for place in range(len(run) - 1)}
    return pairs | set(_WORD.findall(_CJK.sub(" ", text)))


def _one_hot(codes: Rows) -> sparse.csr_array:
    known = np.flatnonzero(codes >= 0)
    shape = (len(codes), int(codes.max(initial=-1)) + 1)
    return sparse.csr_array((np.ones(len(known), dtype=np.float32), (known, codes[known])), shape=shape)


def _words(names: list[str]) -> sparse.csr_array:
    words = [sorted(words_of(name)) for name in names]
    vocabulary = {word: row for row, word in enumerate(sorted({word for one in words for word in one}))}
    product = np.repeat(np.arange(len(words)), [len(one) for one in words])
    column = np.array([vocabulary[word] for one in words for word in one], dtype=np.int64)
    shape = (len(names), len(vocabulary))
    return sparse.csr_array((np.ones(len(column), dtype=np.float32), (product, column)), shape=shape)


def _price_bands(dataset: Dataset) -> Rows:
    """
    Shape (n_products,): eighths of the catalogue by price a unit; -1 where it is unknown.

    What was paid on average, because list prices are known as of the ingest only; the list price where nothing was.
    """
    bought, n_products = dataset.purchases, len(dataset.product_ids)
    paid = np.bincount(bought.product, bought.paid_minor.astype(np.float64), n_products)
    units = np.bincount(bought.product, bought.quantity.astype(np.float64), n_products)
    listed: NDArray[np.float64] = dataset.products["price_minor"].fill_null(-1).to_numpy().astype(np.float64)
    price = np.where(units > 0, paid / np.maximum(units, 1.0), listed)
    bands = np.full(n_products, -1, dtype=np.int32)
    known = np.flatnonzero(price >= 0)
    if len(known):
        edges = np.quantile(price[known], np.arange(1, _N_BANDS) / _N_BANDS)
        bands[known] = np.searchsorted(edges, price[known], side="right")
    return bands
